"""What the commands share: their arguments, compiling, and telling of findings."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from sagadsl.cli.complete import sagas
from sagadsl.cli.files import (
    one_saga,
    read_bytes,
    read_config,
    read_lock,
    read_module,
    shown,
)
from sagadsl.diagnostics import Finding
from sagadsl.diagnostics.cells import visible_lines
from sagadsl.model import Pinned, Version


class _SagaPath(click.Path):
    """A path on the command line; an empty one is a slip, and not this folder."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        if not value:
            self.fail("it is empty; this folder is `.`", param, ctx)
        return Path(value)


paths_argument = click.argument(
    "paths", nargs=-1, type=_SagaPath(), metavar="[PATH]...", shell_complete=sagas
)
path_argument = click.argument("path", type=_SagaPath(), shell_complete=sagas)
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
version_option = click.option(
    "--version",
    "number",
    type=int,
    metavar="N",
    help="The version to judge by; else the newest.",
)


def compile_file(
    path: Path, folder: Path | None = None
) -> tuple[Pinned | None, tuple[Finding, ...]]:
    """A saga and what was found, beside the module in the folder of the output."""
    from sagadsl.driver import compile_saga

    module = read_module(path, folder or read_config().out or path.parent)
    return compile_saga(shown(path), read_bytes(path), read_lock(path), module)


def compile_or_exit(path: Path) -> Pinned:
    """A saga; errors are told and end the command, warnings are only counted."""
    path = one_saga(path)
    pinned, findings = compile_file(path)
    if pinned is None:
        tell(findings)
        sys.exit(1)
    hint_at(path, findings)
    return pinned


def hint_at(path: Path, warnings: Sequence[Finding]) -> None:
    """Count the warnings about a saga, which another command tells."""
    if warnings:
        what = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
        click.echo(f"{shown(path)}: {what}, see `sagac check`", err=True)


def version_of(
    pinned: Pinned, number: int | None, option: str = "--version"
) -> Version:
    """The version that an option asks for; the newest if it is not given."""
    if number is None:
        return pinned.latest
    for version in pinned.versions:
        if version.number == number:
            return version
    numbers = ", ".join(str(version.number) for version in pinned.versions)
    raise click.BadParameter(
        f"{pinned.saga.name} has no version {number}; it has {numbers}",
        param_hint=option,
    )


def tell(findings: Sequence[Finding]) -> None:
    """Show findings on standard error, in colour on a terminal."""
    if findings:
        from sagadsl.diagnostics.text import render_text

        text = render_text(findings, color=in_color(sys.stderr.isatty()))
        click.echo(text, err=True, color=True)


def in_color(terminal: bool) -> bool:
    """Whether to use colour: on a terminal, unless NO_COLOR is set (no-color.org)."""
    able = terminal and os.environ.get("TERM") != "dumb"
    return able and not os.environ.get("NO_COLOR")


def print_json(value: object) -> None:
    """A result for programs."""
    import json

    click.echo(json.dumps(value, indent=2))


def wanting(message: str) -> NoReturn:
    """Say why the input was found wanting, and exit with 1."""
    click.echo(visible_lines(message), err=True)
    sys.exit(1)
