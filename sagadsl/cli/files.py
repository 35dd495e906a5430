"""Files: which sagas are meant, and reading and writing without half-done results."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import click

from sagadsl.cli.stamp import folders_below
from sagadsl.diagnostics.cells import visible_lines
from sagadsl.source import Source

# Who is hurt by a change; the compiler has the rules of each.
CATEGORIES = ("STORED", "RUNNING", "SOURCE")


class Unusable(click.ClickException):
    """A file that cannot be read or written, or a folder without sagas."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Say it; what is read from a file or a store never drives a terminal."""
        del file
        click.echo(f"sagac: {visible_lines(self.message)}", err=True)


class Config(NamedTuple):
    """What `[tool.sagadsl]` of a `pyproject.toml` says; paths are relative to it."""

    paths: tuple[Path, ...] = ()
    out: Path | None = None
    targets: tuple[str, ...] = ()
    breaking: tuple[str, ...] = CATEGORIES

    def asked(self, paths: Iterable[Path]) -> list[Path]:
        """The files and folders that are meant by those on the command line."""
        return list(paths) or list(self.paths) or [Path()]


def config_files() -> list[Path]:
    """Where a configuration may be, the nearest first."""
    try:
        here = Path.cwd()
    except OSError as error:
        raise Unusable(f"cannot read the current folder: {_why(error)}") from None
    return [folder / "pyproject.toml" for folder in (here, *here.parents)]


def read_config() -> Config:
    """The configuration of the nearest `pyproject.toml` upwards that has one."""
    for path in config_files():
        if is_file(path):
            table = _table(path)
            if table is not None:
                return _config(path, table)
    return Config()


def _table(path: Path) -> dict[str, object] | None:
    text = read_bytes(path)
    if b"sagadsl" not in text:
        return None
    import tomllib

    try:
        data = tomllib.loads(text.decode())
    except ValueError as error:
        raise Unusable(f"{shown(path)} is not valid TOML: {error}") from None
    tool = data.get("tool", {})
    table = tool.get("sagadsl") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise Unusable(f"{shown(path)}: `tool.sagadsl` is not a table")
    return table


def _config(path: Path, table: dict[str, object]) -> Config:
    def strings(key: str) -> list[str]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise Unusable(f"{shown(path)}: `{key}` is not a list of strings")
        if any("\0" in each for each in value):
            raise Unusable(f"{shown(path)}: `{key}` has a path with a NUL in it")
        return value

    if unknown := set(table) - {"paths", "out", "targets", "breaking"}:
        raise Unusable(
            f"{shown(path)}: [tool.sagadsl] knows `paths`, `out`, `targets` and"
            f" `breaking`, not `{min(unknown)}`"
        )
    if wrong := set(strings("breaking")) - set(CATEGORIES):
        raise Unusable(
            f"{shown(path)}: `breaking` knows {', '.join(CATEGORIES)}, not"
            f" `{min(wrong)}`"
        )
    out = table.get("out")
    if out is not None and (not isinstance(out, str) or "\0" in out):
        raise Unusable(f"{shown(path)}: `out` is not the path of a folder")
    base = Path(os.path.relpath(path.parent))
    return Config(
        tuple(base / each for each in strings("paths")),
        base / out if out is not None else None,
        tuple(strings("targets")),
        tuple(strings("breaking")) if "breaking" in table else CATEGORIES,
    )


def find_sagas(paths: Iterable[Path], config: Config) -> list[Path]:
    """The `.saga` files that are meant, each once, in an order of their own."""
    found: dict[Path, Path] = {}
    for path in config.asked(paths):
        files = _files(path) if is_folder(path) else [_file(path)]
        for file in files:
            found.setdefault(real(file), file)
    return list(found.values())


def _files(folder: Path) -> list[Path]:
    try:
        files = list(_walk(folder))
    except OSError as error:
        raise Unusable(f"cannot read {error.filename}: {_why(error)}") from None
    if not files:
        raise Unusable(f"there is no .saga file in {shown(folder)}")
    return files


def _walk(folder: Path) -> Iterator[Path]:
    for below in folders_below(str(folder)):
        for path in sorted(Path(below).iterdir()):
            if path.suffix == ".saga" and is_file(path):
                yield path


def _file(path: Path) -> Path:
    """A saga by its file; of another file it is said which saga is meant."""
    if path.suffix == ".saga":
        return path
    stem = path.name.split(".")[0].removesuffix("_saga")
    meant = path.with_name(f"{stem}.saga")
    if not is_file(meant) and not exists(path):
        return path
    hint = f"; did you mean {shown(meant)}?" if is_file(meant) else ""
    raise Unusable(f"{shown(path)} is no .saga file{hint}")


def one_saga(path: Path) -> Path:
    """The saga that a path names: the file, or the only one in the folder."""
    if not is_folder(path):
        return _file(path)
    sagas = find_sagas([path], Config())
    if len(sagas) > 1:
        raise Unusable(f"there are {len(sagas)} sagas in {shown(path)}; name one")
    return sagas[0]


def shown(path: Path) -> str:
    """A path as people are shown it: with forward slashes, and no control characters.

    A line end in a name would begin a line of its own, which a log may obey.
    """
    text = path.as_posix()
    if text.isprintable():
        return text
    from sagadsl.diagnostics.cells import visible

    return visible(text)


def read_bytes(path: Path, *, pipe: bool = False) -> bytes:
    """The contents of a file; of a pipe only if `pipe` says so, as it may wait."""
    try:
        if exists(path) and not (pipe or is_file(path) or is_folder(path)):
            raise Unusable(f"cannot read {shown(path)}: it is not a file")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise Unusable(f"cannot read {shown(path)}: {_why(error)}") from None


def read_stdin() -> bytes:
    """What comes from standard input, to its end."""
    try:
        if sys.stdin is not None:
            return sys.stdin.buffer.read()
        reason = "it is closed"
    except OSError as error:
        reason = _why(error)
    raise Unusable(f"cannot read standard input: {reason}")


def read_lock(path: Path) -> str | None:
    """The lock file beside a saga; None if there is none."""
    lock = lock_path(path)
    if not exists(lock):
        return None
    return read_bytes(lock).decode("utf-8", errors="replace")


def read_module(path: Path, folder: Path) -> Source | None:
    """The module that an earlier build of a saga has left in a folder, if any."""
    module = folder / f"{path.stem}_saga.py"
    if not exists(module):
        return None
    text = read_bytes(module).decode("utf-8", errors="replace")
    return Source(shown(module), text)


# Unlike those of `pathlib`, these never raise: whoever then reads it learns the reason.
def exists(path: Path) -> bool:
    """Whether there is anything of this name."""
    return os.path.exists(path)  # noqa: PTH110  see above


def is_file(path: Path) -> bool:
    """Whether there is a file of this name."""
    return os.path.isfile(path)  # noqa: PTH113  see above


def is_folder(path: Path) -> bool:
    """Whether there is a folder of this name."""
    return os.path.isdir(path)  # noqa: PTH112  see above


def real(path: Path) -> Path:
    """Where a path leads to, through all symbolic links that lead somewhere."""
    return Path(os.path.realpath(path))


def lock_path(path: Path) -> Path:
    """Where the lock file of a saga is."""
    return path.with_name(path.name + ".lock")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a failure leaves what was there."""
    target = real(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(data)
        if exists(target):
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    except (OSError, ValueError) as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Unusable(f"cannot write {shown(path)}: {_why(error)}") from None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
