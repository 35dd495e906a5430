"""A build with nothing to do: told from a note of the last one, before all imports.

After a build that left nothing to do and found nothing to say, a note in the user's
cache folder keeps the digests of all that it read and wrote. If the same command finds
them all the same, it says the same. A note that is lost costs a build, no more.
"""

from __future__ import annotations

import os
import stat
import sys

from sagadsl import cache

TYPE_CHECKING = False
if TYPE_CHECKING:  # neither `typing` nor `collections` is imported to build nothing
    from collections.abc import Iterable, Iterator

FORMAT = "sagac 1"
ABSENT = "-"


def said_before(arguments: list[str]) -> str | None:
    """What the same build said when nothing it depends on was different, else None."""
    if arguments[:1] != ["build"] or "--watch" in arguments:
        return None
    try:
        note = _note(arguments)
        if note is None:
            return None
        with open(note, encoding="utf-8") as file:
            if not cache.is_ours(os.fstat(file.fileno())):
                return None
            head, *lines = file.read().split("\n")
        told = lines.index("")
        for line in lines[:told]:
            digest, path = line.split(" ", 1)
            if digest != _digest(path):
                return None
        return "\n".join(lines[told + 1 :]) if head == _head() else None
    except (OSError, ValueError):
        return None


def keep(arguments: list[str], paths: Iterable[str], said: str) -> None:
    """Note what a build depended on and what it said."""
    try:
        note = _note(arguments)
        if note is None:
            return
        lines = [_head()]
        for path in dict.fromkeys(paths):
            if "\n" in path:
                return
            lines.append(f"{_digest(path)} {path}")
        temporary = f"{note}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8", opener=_for_us_alone) as file:
            file.write("\n".join([*lines, "", said]))
        os.replace(temporary, note)
    except (OSError, ValueError):
        return


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def folders_below(folder: str) -> Iterator[str]:
    """A folder and those in it that are searched for sagas."""
    folders = [folder]
    while folders:
        folder = folders.pop()
        yield folder
        with os.scandir(folder) as entries:
            below = [entry.path for entry in entries if is_searched(entry)]
        folders += sorted(below, reverse=True)


def is_searched(entry: os.DirEntry[str]) -> bool:
    """Whether a folder is searched: not if it is hidden or filled by a tool."""
    return (
        entry.name[0] != "."
        and entry.name not in ("node_modules", "__pycache__")
        and entry.is_dir(follow_symlinks=False)
    )


def _head() -> str:
    """The tool itself: its files by size and time, and the Python that runs it."""
    package = os.path.dirname(os.path.dirname(__file__))
    above = os.path.dirname(package)
    beside = (os.path.join(above, name) for name in ("grammar", "templates"))
    files: list[str] = []
    for folder in (package, *filter(os.path.isdir, beside)):
        for below in folders_below(folder):
            with os.scandir(below) as entries:
                for entry in entries:
                    at = entry.stat()
                    files.append(f"{entry.path} {at.st_size} {at.st_mtime_ns}")
    tool = _hash("\n".join(sorted(files)).encode("utf-8", "replace"))
    return f"{FORMAT} {sys.version_info[:3]} {tool}"


def _note(arguments: list[str]) -> str | None:
    folder = cache.folder()
    if folder is None:
        return None
    key = _hash("\0".join([os.getcwd(), *arguments]).encode("utf-8", "replace"))
    return os.path.join(folder, key)


def _digest(path: str) -> str:
    """Of a file its contents, of a folder the sagas and folders in it.

    Raises `OSError` for what is neither, such as a pipe, that might never end.
    """
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
        if kind == stat.S_IFDIR:
            with os.scandir(path) as entries:
                names = [
                    entry.name
                    for entry in entries
                    if entry.name.endswith(".saga") or is_searched(entry)
                ]
            return _hash("\0".join(sorted(names)).encode("utf-8", "replace"))
        if kind != stat.S_IFREG:
            raise OSError(path)
        with open(path, "rb") as file:
            return _hash(file.read())
    except FileNotFoundError:
        return ABSENT


def _hash(data: bytes) -> str:
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    digest: str = blake2b(data, digest_size=16).hexdigest()
    return digest
