"""What a shell offers on Tab; click asks, and the shells' own scripts ask click."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from sagadsl.cli.stamp import is_searched

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def sagas(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Sagas, and folders; of a folder that stands alone, what is in it.

    A shell puts a space after the only word it is offered, be it a folder or not.
    """
    del ctx, param
    found = _entries(incomplete)
    while len(found) == 1 and found[0].endswith("/") and (inside := _entries(found[0])):
        found = inside
    return found


def _entries(incomplete: str) -> list[str]:
    folder, begun = os.path.split(incomplete)
    try:
        home = os.path.expanduser(folder)  # noqa: PTH111  as text, and never raises
        with os.scandir(home or ".") as entries:
            names = [
                f"{entry.name}/" if entry.is_dir() else entry.name
                for entry in entries
                if entry.name.startswith(begun)
                and (entry.name.endswith(".saga") or is_searched(entry))
            ]
    except OSError:
        return []
    before = incomplete.removesuffix(begun)
    return [before + name for name in sorted(names)]


def targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Targets that the list does not have yet, each behind those it has."""
    del ctx, param
    from sagadsl.emit.targets import TARGETS

    *before, begun = incomplete.split(",")
    return [
        ",".join([*before, name])
        for name in TARGETS
        if name.startswith(begun) and name not in before
    ]


def codes(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Codes of findings, with their names; or names, where one was begun."""
    del ctx, param
    from click.shell_completion import CompletionItem

    from sagadsl.cli.explain import read_pages

    begun = incomplete.lower()
    pages = read_pages()
    found = [
        CompletionItem(code, help=page.name)
        for code, page in pages.items()
        if code.lower().startswith(begun)
    ]
    names = sorted(page.name for page in pages.values())
    return found or [CompletionItem(name) for name in names if name.startswith(begun)]
