"""`sagac explain`: the page of a finding."""

from __future__ import annotations

from difflib import get_close_matches

import click

from sagadsl import resources


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Print the page of a finding, by its code or its name; without one, list them."""
    pages = {}
    for path in sorted(resources.folder("findings").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        number, name = text.split("\n", 1)[0].removeprefix("# ").split()
        pages[number] = (name, text)
    if code is None:
        for number, (name, _) in sorted(pages.items()):
            click.echo(f"{number}  {name}")
        return
    names = {name: number for number, (name, _) in pages.items()}
    number = code.upper() if code.upper() in pages else names.get(code.lower(), "")
    if not number:
        close = get_close_matches(code, [*pages, *names], 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise click.BadParameter(
            f"there is no finding {code!r}{hint}", param_hint="CODE"
        )
    click.echo(pages[number][1], nl=False)
