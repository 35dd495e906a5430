"""`sagac breaking`: what the draft breaks for whoever relies on a released version."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import click

from sagadsl.cli.common import (
    compile_file,
    compile_or_exit,
    hint_at,
    paths_argument,
)
from sagadsl.cli.files import (
    Unusable,
    find_sagas,
    lock_path,
    read_config,
    read_lock,
    shown,
    write_bytes,
)
from sagadsl.cli.report import format_option, report, sagas
from sagadsl.diagnostics import Finding
from sagadsl.model import Pinned


@click.command("breaking")
@paths_argument
@click.option(
    "--against",
    metavar="REF",
    help="Judge by the lock file of a git revision, not by the one on disk.",
)
@format_option
@click.option("--approve", metavar="RULE", help="Accept a rule's findings once.")
@click.option("--reason", help="Why that is accepted; it is kept in the lock file.")
def command(
    paths: tuple[Path, ...],
    against: str | None,
    form: str,
    approve: str | None,
    reason: str | None,
) -> None:
    """Say what a change breaks: records at rest, processes in flight, code.

    The draft is judged against the last released version. A finding that is intended
    is accepted with --approve RULE --reason TEXT: for this version only, and to be seen
    in the lock file. Of a saga that does not compile the errors are told instead.
    """
    found = find_sagas(paths, read_config())
    if (approve is None) != (reason is None):
        raise click.UsageError("--approve RULE and --reason TEXT go together")
    if approve is not None and reason is not None:
        if not reason.strip():
            raise click.BadParameter("it is empty", param_hint="--reason")
        _approve(found, approve, reason)
        return
    findings: list[Finding] = []
    compared = 0
    for path in found:
        pinned, wrong = compile_file(path)
        if pinned is None:
            findings += wrong
        else:
            compared += 1
            hint_at(path, wrong)
            findings += _breaking(path, pinned, against)
    report(findings, form, f"{sagas(compared)} compared")


def _breaking(path: Path, pinned: Pinned, against: str | None) -> Sequence[Finding]:
    from sagadsl.versions.breaking import (
        breaking_since,
    )

    lock = read_lock(path) if against is None else _lock_at(path, against)
    return breaking_since(pinned, lock, read_config().breaking)


def _lock_at(path: Path, ref: str) -> str | None:
    """The lock file of a saga in a git revision; None if it had none."""
    lock = lock_path(path).resolve()
    known = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^0")
    commit = _git(lock.parent, *known)
    if commit is None:
        raise Unusable(f"{shown(path)}: git knows no revision {ref!r} here")
    return _git(lock.parent, "show", f"{commit.strip()}:./{lock.name}")


def _git(folder: Path, *words: str) -> str | None:
    """What git says in a folder; None if it refuses."""
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  no shell reads it
    except OSError:
        raise Unusable("cannot run git, which --against needs") from None
    return None if done.returncode else done.stdout.decode(errors="replace")


def _approve(paths: Sequence[Path], rule: str, reason: str) -> None:
    """Approve it for all or, if one of them has no draft or is wrong, for none."""
    from sagadsl.driver import lock_text
    from sagadsl.versions.breaking import approve

    drafts: list[tuple[Path, Pinned]] = []
    for path in paths:
        approved = approve(compile_or_exit(path), rule, reason)
        if isinstance(approved, str):
            raise click.UsageError(f"{shown(path)}: {approved}")
        drafts.append((path, approved))
    for path, pinned in drafts:
        write_bytes(lock_path(path), lock_text(pinned).encode())
        number = pinned.latest.number
        click.echo(f"{shown(path)}: approved {rule} for version {number}")
