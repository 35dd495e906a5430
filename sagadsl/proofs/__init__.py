"""What holds of all records that some run of a saga leads to, and runs that show it."""

from sagadsl.proofs.proof import Proof
from sagadsl.proofs.run import Run
from sagadsl.proofs.solver import OverBudget

__all__ = ["OverBudget", "Proof", "Run"]
