"""From what was written to what it means: every name is found, every loop unrolled."""

from sagadsl.resolve.saga import resolve_saga

__all__ = ["resolve_saga"]
