"""From what was written to what it means: every name is found, every loop unrolled."""

from sagadsl.resolve.names import check_form
from sagadsl.resolve.saga import resolve_saga

__all__ = ["check_form", "resolve_saga"]
