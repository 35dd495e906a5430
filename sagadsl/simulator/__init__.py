"""A process that is stepped through by hand: inputs and texts, no terminal."""

from sagadsl.simulator.session import Session

__all__ = ["Session"]
