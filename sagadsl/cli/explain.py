"""`sagac explain`: the page of a finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import click

from sagadsl import resources
from sagadsl.cli.complete import codes


class Page(NamedTuple):
    """What there is to say of a finding, and its name."""

    name: str
    text: str


@click.command("explain")
@click.argument("code", required=False, shell_complete=codes)
def command(code: str | None) -> None:
    """Print the page of a finding, by its code or its name; without one, list them."""
    pages = read_pages()
    if code is None:
        for number, page in pages.items():
            click.echo(f"{number}  {page.name}")
        return
    click.echo(pages[code_of(code, pages, "CODE")].text, nl=False)


def code_of(word: str, pages: Mapping[str, Page], parameter: str) -> str:
    """The code that a user means by a code, its number or the name of a finding.

    Raises click.BadParameter, of the parameter, if there is none.
    """
    for number, page in pages.items():
        if word.lower() in (number.lower(), number[4:], page.name):
            return number
    hint = "`sagac explain` lists them"
    if close := _close(word, pages):
        hint = f"did you mean {', '.join(close)}?"
    raise click.BadParameter(
        f"there is no finding {word!r}; {hint}", param_hint=parameter
    )


def read_pages() -> dict[str, Page]:
    """The pages by their codes."""
    pages: dict[str, Page] = {}
    for path in resources.folder("findings").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        code, name = text.split("\n", 1)[0].removeprefix("# ").split()
        pages[code] = Page(name, text)
    return dict(sorted(pages.items()))


def _close(wanted: str, pages: Mapping[str, Page]) -> list[str]:
    """The codes or names that begin alike; else those that are written alike."""
    from difflib import get_close_matches

    words = [*pages, *(page.name for page in pages.values())]
    begun = [word for word in words if word.lower().startswith(wanted.lower())]
    if wanted and begun:
        return begun[:3]
    known = {word.lower(): word for word in words}
    return [known[word] for word in get_close_matches(wanted.lower(), known, 2, 0.75)]
