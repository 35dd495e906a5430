"""`sagac build`: from sagas to files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sagadsl.cli.common import compile_file, paths_argument, tell
from sagadsl.cli.complete import targets as complete_targets
from sagadsl.cli.files import (
    Config,
    Unusable,
    config_files,
    exists,
    find_sagas,
    is_folder,
    lock_path,
    read_bytes,
    read_config,
    real,
    shown,
    write_bytes,
)
from sagadsl.cli.stamp import folders_below, keep

if TYPE_CHECKING:
    from sagadsl.diagnostics import Finding
    from sagadsl.model import Pinned


class _File(NamedTuple):
    """A file as it should be, and whether it is."""

    path: Path
    data: bytes
    fresh: bool


@click.command("build")
@paths_argument
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for all but the lock files; else each saga's own.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="LIST",
    shell_complete=complete_targets,
    help="Of py, dot, svg, png, md, mmd, html, json, sql-sqlite, sql-postgres, pytest,"
    " audit-sql, dbos, restate, temporal, amazon-states; else py,dot,svg.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail if any would change.")
@click.option("--watch", is_flag=True, help="Build each saga again when it changes.")
def command(
    paths: tuple[Path, ...],
    out: Path | None,
    targets: tuple[str, ...],
    check: bool,
    watch: bool,
) -> None:
    """Compile sagas; write what changed, each file whole or not at all.

    PATH is a saga, or a folder with sagas in it or below. Without one, [tool.sagadsl]
    of pyproject.toml says which are built; else those of the current folder.
    """
    config = read_config()
    if targets:
        names = _targets(",".join(targets).split(","), "--target")
    else:
        names = _targets(config.targets, "`targets` of [tool.sagadsl]")
    options = _Options(paths, config, out or config.out, names, check)
    if watch:
        from sagadsl.cli.watch import each_change

        each_change(options.sagas, lambda changed: _not_built(options, changed))
        return
    outcomes = _build_all(options, options.sagas())
    if all(outcome.quiet for outcome in outcomes):
        _keep_note(options, outcomes)
    sys.exit(not all(outcome.good for outcome in outcomes))


class _Outcome(NamedTuple):
    """How a saga was built; if quietly, `said` is what a build would say now."""

    saga: Path
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

    def sagas(self) -> list[Path]:
        """The sagas that are asked for; no two of them may write the same files."""
        owners: dict[Path, Path] = {}
        for path in find_sagas(self.paths, self.config):
            owner = owners.setdefault(real(self.folder(path) / path.name), path)
            if owner is not path:
                both = f"{shown(owner)} and {shown(path)}"
                raise Unusable(f"{both} would write the same files")
        return list(owners.values())

    def folder(self, saga: Path) -> Path:
        """Where the files of a saga go."""
        return self.out or saga.parent


def _targets(names: Iterable[str], source: str) -> tuple[str, ...]:
    from sagadsl.emit.targets import DEFAULT, TARGETS

    known = tuple(dict.fromkeys(name.strip() for name in names))
    for name in known:
        if name not in TARGETS:
            raise click.BadParameter(
                f"there is no target {name!r}; there are {', '.join(TARGETS)}",
                param_hint=source,
            )
    return known or DEFAULT


def _build_all(options: _Options, sagas: Iterable[Path]) -> list[_Outcome]:
    return [_build(path, options) for path in sagas]


def _not_built(options: _Options, sagas: Iterable[Path]) -> list[Path]:
    outcomes = _build_all(options, sagas)
    return [outcome.saga for outcome in outcomes if not outcome.good]


def _build(path: Path, options: _Options) -> _Outcome:
    folder = options.folder(path)
    pinned, findings = compile_file(path, folder)
    wrong = _check_targets(pinned, options.targets) if pinned else ()
    tell((*findings, *wrong))
    if pinned is None or any(finding.is_error for finding in wrong):
        click.echo(f"{shown(path)}: not built", err=True)
        return _Outcome(path, good=False)
    files = list(_files(path, folder, pinned, options.targets))
    stale = [file for file in files if not file.fresh]
    latest = pinned.latest
    state = "" if latest.released else " (draft)"
    head = f"{shown(path)}: version {latest.number}{state}"
    names = ", ".join(_named(file.path, path) for file in stale)
    said = f"{head}, up to date"
    if options.check and stale:
        click.echo(f"{head}, would write {names}", err=True)
        return _Outcome(path, good=False)
    for file in stale:
        write_bytes(file.path, file.data)
    click.echo(f"{head}, wrote {names}" if stale else said)
    written = (path, *(file.path for file in files))
    quiet = not (findings or wrong) and _is_as_compiled(path, pinned)
    return _Outcome(path, good=True, quiet=quiet, said=said, files=written)


def _check_targets(pinned: Pinned, targets: Iterable[str]) -> tuple[Finding, ...]:
    from sagadsl.driver import check_targets

    return check_targets(pinned, targets)


def _is_as_compiled(path: Path, pinned: Pinned) -> bool:
    """Whether a saga is still what was compiled; else its note would tell a lie."""
    from sagadsl.parser.encoding import decode_source

    now = decode_source(shown(path), read_bytes(path))
    return getattr(now, "text", None) == pinned.saga.source.text


def _named(file: Path, saga: Path) -> str:
    """A file by its name if it lies beside its saga, else by its path."""
    return file.name if file.parent == saga.parent else shown(file)


def _keep_note(options: _Options, outcomes: list[_Outcome]) -> None:
    """Note what the next build may skip, if nothing it depends on is different."""
    arguments = click.get_current_context().find_root().obj
    if arguments is None:
        return
    asked = options.config.asked(options.paths)
    folders = [below for p in asked if is_folder(p) for below in folders_below(str(p))]
    files = [*config_files(), *(file for outcome in outcomes for file in outcome.files)]
    said = "\n".join(outcome.said for outcome in outcomes)
    keep(arguments, [*folders, *map(str, files)], said)


def _files(
    path: Path, folder: Path, pinned: Pinned, targets: tuple[str, ...]
) -> Iterator[_File]:
    """The lock file first: it is what the others follow from."""
    from sagadsl.driver import lock_text

    lock = lock_text(pinned).encode()
    yield _File(lock_path(path), lock, _current(lock_path(path)) == lock)
    from sagadsl.emit.targets import TARGETS

    for name in targets:
        file = folder / TARGETS[name].file_name(pinned.saga.name)
        old = _current(file)
        data = _emitted(pinned, name, old, file)
        yield _File(file, data, data == old)


def _emitted(pinned: Pinned, target: str, old: bytes | None, file: Path) -> bytes:
    from sagadsl.driver import emit
    from sagadsl.emit.graphviz import RenderError
    from sagadsl.proofs import OverBudget

    try:
        return emit(pinned, target, old)
    except (RenderError, OverBudget) as error:
        raise Unusable(f"cannot write {shown(file)}: {error}") from None


def _current(path: Path) -> bytes | None:
    return read_bytes(path) if exists(path) else None
