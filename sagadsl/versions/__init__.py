"""Versions and positions: what the lock file keeps, and what a saga gets from it."""

from sagadsl.versions.emitted import check_emitted
from sagadsl.versions.lock import Lock, read_lock, write_lock
from sagadsl.versions.pin import pin, release

__all__ = ["Lock", "check_emitted", "pin", "read_lock", "release", "write_lock"]
