"""`sagac build`: from sagas to files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sagadsl.cli.common import compile_file, paths_argument, tell
from sagadsl.cli.files import (
    Config,
    Unusable,
    config_files,
    find_sagas,
    lock_path,
    read_bytes,
    read_config,
    shown,
    write_bytes,
)
from sagadsl.cli.stamp import folders_below, keep

if TYPE_CHECKING:
    from sagadsl.model import Pinned


class _File(NamedTuple):
    """A file as it should be, and whether it is."""

    path: Path
    data: bytes
    fresh: bool


@click.command("build")
@paths_argument
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The folder.")
@click.option(
    "--target", "targets", help="Targets, separated by commas; else py,dot,svg."
)
@click.option("--check", is_flag=True, help="Write nothing; fail if any would change.")
@click.option("--watch", is_flag=True, help="Build again whenever a saga changes.")
def command(
    paths: tuple[Path, ...],
    out: Path | None,
    targets: str | None,
    check: bool,
    watch: bool,
) -> None:
    """Compile sagas; write what changed, each file whole or not at all."""
    config = read_config()
    names = tuple(map(str.strip, targets.split(","))) if targets else config.targets
    options = _Options(paths, config, out or config.out, _targets(names), check)
    if watch:
        from sagadsl.cli.watch import each_change  # noqa: PLC0415  only for --watch

        each_change(lambda: find_sagas(paths, config), lambda: _build_all(options))
        return
    outcomes = _build_all(options)
    if all(outcome.quiet for outcome in outcomes):
        _keep_note(options, outcomes)
    sys.exit(not all(outcome.good for outcome in outcomes))


class _Outcome(NamedTuple):
    """How a saga was built; if quietly, `said` is what a build would say now."""

    good: bool
    quiet: bool = False
    said: str = ""
    files: tuple[Path, ...] = ()


class _Options(NamedTuple):
    paths: tuple[Path, ...]
    config: Config
    out: Path | None
    targets: tuple[str, ...]
    check: bool


def _targets(names: tuple[str, ...]) -> tuple[str, ...]:
    from sagadsl.emit.targets import DEFAULT, TARGETS  # noqa: PLC0415  for its names

    for name in names:
        if name not in TARGETS:
            raise click.BadParameter(
                f"there is no target {name!r}; there are {', '.join(TARGETS)}",
                param_hint="--target",
            )
    return tuple(dict.fromkeys(names)) or DEFAULT


def _build_all(options: _Options) -> list[_Outcome]:
    outcomes: list[_Outcome] = []
    owners: dict[Path, Path] = {}
    for path in find_sagas(options.paths, options.config):
        folder = options.out or path.parent
        owner = owners.setdefault((folder / path.name).resolve(), path)
        if owner is not path:
            raise Unusable(
                f"{shown(owner)} and {shown(path)} would write the same files"
            )
        outcomes.append(_build(path, folder, options))
    return outcomes


def _build(path: Path, folder: Path, options: _Options) -> _Outcome:
    pinned, findings = compile_file(path, folder)
    tell(findings)
    if pinned is None:
        click.echo(f"{shown(path)}: not built", err=True)
        return _Outcome(good=False)
    files = list(_files(path, folder, pinned, options.targets))
    stale = [file for file in files if not file.fresh]
    latest = pinned.latest
    state = "" if latest.released else " (draft)"
    head = f"{shown(path)}: version {latest.number}{state}"
    names = ", ".join(file.path.name for file in stale)
    said = f"{head}, up to date"
    if options.check and stale:
        click.echo(f"{head}, would write {names}", err=True)
        return _Outcome(good=False)
    for file in stale:
        write_bytes(file.path, file.data)
    click.echo(f"{head}, wrote {names}" if stale else said)
    written = (path, *(file.path for file in files))
    return _Outcome(good=True, quiet=not findings, said=said, files=written)


def _keep_note(options: _Options, outcomes: list[_Outcome]) -> None:
    """Note what the next build may skip, if nothing it depends on is different."""
    arguments = click.get_current_context().find_root().obj
    if arguments is None:
        return
    asked = options.config.asked(options.paths)
    folders = [below for p in asked if p.is_dir() for below in folders_below(str(p))]
    files = [*config_files(), *(file for outcome in outcomes for file in outcome.files)]
    said = "\n".join(outcome.said for outcome in outcomes)
    keep(arguments, [*folders, *map(str, files)], said)


def _files(
    path: Path, folder: Path, pinned: Pinned, targets: tuple[str, ...]
) -> Iterator[_File]:
    """The lock file first: it is what the others follow from."""
    from sagadsl.driver import lock_text  # noqa: PLC0415  imports the compiler

    lock = lock_text(pinned).encode()
    yield _File(lock_path(path), lock, _current(lock_path(path)) == lock)
    from sagadsl.emit.targets import TARGETS  # noqa: PLC0415  imports the compiler

    for name in targets:
        file = folder / TARGETS[name].file_name(pinned.saga.name)
        old = _current(file)
        data = _emitted(pinned, name, old, file)
        yield _File(file, data, data == old)


def _emitted(pinned: Pinned, target: str, old: bytes | None, file: Path) -> bytes:
    from sagadsl.driver import emit  # noqa: PLC0415  imports the compiler
    from sagadsl.emit.graphviz import RenderError  # noqa: PLC0415  imports emitters
    from sagadsl.proofs import OverBudget  # noqa: PLC0415  imports the compiler

    try:
        return emit(pinned, target, old)
    except (RenderError, OverBudget) as error:
        raise Unusable(f"cannot write {shown(file)}: {error}") from None


def _current(path: Path) -> bytes | None:
    return read_bytes(path) if path.exists() else None
