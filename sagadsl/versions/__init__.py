"""Versions and positions: what the lock file keeps, and what a saga gets from it."""

from sagadsl.versions.emitted import check_emitted
from sagadsl.versions.idle_upgrade import check_idle_upgrades
from sagadsl.versions.lock import Lock, read_lock, write_lock
from sagadsl.versions.pin import pin, release
from sagadsl.versions.too_wide import check_width
from sagadsl.versions.upgrade import check_upgrades

__all__ = [
    "Lock",
    "check_emitted",
    "check_idle_upgrades",
    "check_upgrades",
    "check_width",
    "pin",
    "read_lock",
    "release",
    "write_lock",
]
