"""The machine that judges masks and records, for the compiler and for what it emits.

What follows the line `State = str` in each module is emitted verbatim into every
validator, where `Step` and `State` are the enumerations of its saga. So the compiler
and the validators judge by the same text.
"""

from sagadsl.machine.machine import Machine
from sagadsl.machine.record import (
    ABORTING,
    FINISHED,
    Compensation,
    Event,
    Kind,
    Record,
    Refused,
    Transition,
    UnknownVersion,
)
from sagadsl.machine.tables import Abort, Action, Rule, Table, Waive

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
    "Table",
    "Transition",
    "UnknownVersion",
    "Waive",
]
