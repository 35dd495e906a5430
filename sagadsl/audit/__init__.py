"""Whole tables of event rows, judged in bulk: which aggregate goes wrong, and where.

    from sagadsl.audit import judge
    import order_saga

    report = judge(order_saga, ids, steps)

`ids` and `steps` are columns: NumPy arrays, or any sequences. What a row may say is
told in `docs/audit.md`. Of a saga all that is needed is its emitted module.
"""

try:
    import numpy as np
except ImportError as error:  # an extra, which not everyone installs
    raise ImportError("an audit needs NumPy: pip install 'sagadsl[audit]'") from error

from sagadsl.audit.bulk import Audit, judge
from sagadsl.audit.columns import Encoded, Log
from sagadsl.audit.process import Process, Row, Saga
from sagadsl.audit.report import Bad, Report

del np

__all__ = [
    "Audit",
    "Bad",
    "Encoded",
    "Log",
    "Process",
    "Report",
    "Row",
    "Saga",
    "judge",
]
