"""The durable process: an embedded runtime on SQLite and PostgreSQL.

A service opens a store, gives a driver the emitted module of its saga and its
handlers, and starts processes; `docs/runtime.md` is the guide.
"""

from sagadsl.runtime.call import Context
from sagadsl.runtime.database import StoreError
from sagadsl.runtime.driver import Driver
from sagadsl.runtime.listing import Condition, Listed
from sagadsl.runtime.relay import Message
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.store import Store, open_store

__all__ = [
    "Condition",
    "Context",
    "Driver",
    "Listed",
    "Message",
    "Outcome",
    "Result",
    "Store",
    "StoreError",
    "open_store",
]
