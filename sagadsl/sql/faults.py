"""What SQLite finds wrong, in words that say what to do about it."""

from __future__ import annotations

import sqlite3

_NO_FOLDER = (
    "its folder cannot be written, which SQLite needs to read it as well; ask as"
    " somebody who may, or read a copy of it"
)


def sqlite_fault(error: Exception) -> str:
    """Why a file cannot be used."""
    if isinstance(error, UnicodeDecodeError):  # a message that quotes the file
        return str(error.object.decode(errors="backslashreplace"))
    code = getattr(error, "sqlite_errorcode", 0)
    return _NO_FOLDER if code == sqlite3.SQLITE_READONLY_DIRECTORY else str(error)
