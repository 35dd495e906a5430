"""The machine that judges masks and records, for the compiler and for what it emits.

What follows the line `State = str` in `tables` and in `judge` is emitted verbatim into
every validator, where `Step` and `State` are the enumerations of its saga. So the
compiler and the validators judge by the same text.
"""

from sagadsl.machine.machine import Machine, upgraded
from sagadsl.machine.tables import (
    ABORTING,
    FINISHED,
    Abort,
    Action,
    Compensation,
    Event,
    Kind,
    Record,
    Refused,
    Rule,
    Transition,
    UnknownVersion,
)

__all__ = [
    "ABORTING",
    "FINISHED",
    "Abort",
    "Action",
    "Compensation",
    "Event",
    "Kind",
    "Machine",
    "Record",
    "Refused",
    "Rule",
    "Transition",
    "UnknownVersion",
    "upgraded",
]
