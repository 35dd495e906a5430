"""The URLs of databases: what is in one, and how it is told without a password."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

SQLITE_PREFIX = "sqlite:///"
POSTGRES_PREFIXES = ("postgresql://", "postgres://")
# The `@` after user and password is the only one, so that no piece of a password is
# taken for a host, a port or a name: who reads these quotes what cannot be one.
_HOST = r"(?:\[[^\]@/?\s]*\]|[^]:@/?,\s[]*)(?::\d*)?"
_POSTGRES = re.compile(
    rf"[a-z]+://(?:[^@/?\s]*@)?{_HOST}(?:,{_HOST})*(?:/[^@?\s]*)?(?:\?[^@\s]*)?"
)
# What is no code of a byte, or of the one that ends a text; and halves of characters.
_ODD = re.compile("%(?!(?!00)[0-9A-Fa-f]{2})|[\0\ud800-\udfff]")


class SqliteUrl(NamedTuple):
    """A file, and the options after it."""

    path: str
    options: dict[str, list[str]]

    @classmethod
    def read(cls, url: str) -> SqliteUrl:
        """What is in a URL that begins as one of SQLite does."""
        path, _, query = url.removeprefix(SQLITE_PREFIX).partition("?")
        return cls(unquote(path), parse_qs(query, keep_blank_values=True))


def is_postgres(url: str) -> bool:
    """Whether a URL means a database in PostgreSQL."""
    return url.startswith(POSTGRES_PREFIXES)


def why_malformed(url: str) -> str:
    """Why a URL of PostgreSQL cannot be read; empty if it can."""
    if _POSTGRES.fullmatch(url) and not _ODD.search(url):
        return ""
    return (
        "the URL is malformed; write postgresql://user:password@host:port/name, and of"
        " what is special in one of these its code, as %40 for @ and %2F for /"
    )


def without_secrets(url: str) -> str:
    """A URL as it may be told: without user, password and options."""
    known, _, _ = url.partition("?")
    if url.startswith(SQLITE_PREFIX):
        return known
    scheme, _, rest = known.partition("://")
    place = "…" if why_malformed(url) else rest.rpartition("@")[2]
    return f"{scheme}://{place}"
