"""The documentation is true: what it shows is run, and what it links to is there.

Each page gets a folder with the examples and is read from top to bottom:

- `console`: the lines after `$` are run, and the output is what they print, to the byte
  save for spaces at line ends; `--update` rewrites it. Now is always the same moment,
  and what was some seconds ago was now.
- `saga`: compiles without a finding and is formatted; `--update` formats it.
  `saga wrong` has an error, `saga part` parses as a part of a saga. With a file name,
  as in `saga parcel.saga`, it is also written there, and a lock file there counts.
- `pycon`: a session at Python's prompt, held like `console`; `python` just runs. With a
  file name it is written instead.
- `sh`: what cannot be run here, since it would install something.

A picture in SVG is drawn by a command of the page, under the same name.
"""

from __future__ import annotations

import doctest
import io
import os
import re
import shutil
import subprocess
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from moments import as_of_now

from sagadsl.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), ROOT / "benchmarks/README.md", *(ROOT / "docs").rglob("*.md")]
)
RUN = [page for page in PAGES if page.parent.name != "findings"]
EMPTY = [ROOT / "docs" / "tutorial.md"]  # it begins in an empty folder
NOT_RUN = re.compile(
    r"(pip install (?:(?:sagadsl|\.)|'(?:sagadsl|\.)\[\w+\]')|make [a-z-]+|git diff"
    r"|npm install .*|\.venv/bin/pytest .*--update|(?:sqlite3|psql) .*)?"
    r"( *#.*)?"
)
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: the words of its info string, its text and where that stands."""

    kind: str
    rest: str
    text: str
    start: int
    end: int


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: str) -> Iterator[Block]:
    for part in _FENCE.finditer(page):
        kind, _, rest = part[1].partition(" ")
        yield Block(kind, rest, part[2], part.start(2), part.end(2))


@pytest.fixture
def folder(page, tmp_path, monkeypatch):
    """The examples, without anything that is compiled from them."""
    for path in (ROOT / "examples").rglob("*.saga") if page not in EMPTY else ():
        copy = tmp_path / path.relative_to(ROOT / "examples")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    venv = Path(sys.executable).parent
    for key, value in {
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([str(venv), os.environ["PATH"]]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }.items():
        monkeypatch.setenv(key, value)
    yield tmp_path
    forget_written(tmp_path)


@pytest.mark.parametrize("page", RUN, ids=name)
def test_page_shows_what_happens(page, folder, update):
    text = page.read_text(encoding="utf-8")
    values: dict[str, Any] = {"__name__": "page"}
    shown, at = "", 0
    for block in blocks(text):
        shown += text[at : block.start] + outcome(block, folder, values)
        at = block.end
    shown += text[at:]
    end(values)
    pictures = [
        (page.parent / picture, folder / Path(picture).name)
        for link in _LINK.findall(text)
        for picture in link
        if picture.endswith(".svg")
    ]
    if update:
        page.write_bytes(shown.encode())
        for picture, drawn in pictures:
            if not picture.exists() or digest_of(picture) != digest_of(drawn):
                picture.parent.mkdir(exist_ok=True)
                shutil.copyfile(drawn, picture)
    assert shown == page.read_text(encoding="utf-8")
    for picture, drawn in pictures:
        assert digest_of(picture) == digest_of(drawn), picture.name


def digest_of(picture: Path) -> str:
    """What was drawn; the bytes differ from one Graphviz to the next."""
    from sagadsl.emit import graphviz

    assert picture.is_file(), f"no command of the page draws {picture.name}"
    digest = graphviz.digest_of(picture.read_bytes())
    assert digest, f"{picture.name} does not say what it shows"
    return digest


def outcome(block: Block, folder: Path, values: dict[str, Any]) -> str:
    """What should stand in a block."""
    if re.fullmatch(r"[\w-]+\.\w+", block.rest):
        (folder / block.rest).write_text(block.text, encoding="utf-8")
    if block.kind == "console":
        return console(block.text, folder)
    if block.kind == "saga":
        return judged(block, folder)
    if block.kind == "sh":
        for line in block.text.splitlines():
            assert NOT_RUN.fullmatch(line.strip()), f"run this in a console: {line}"
    if block.kind == "pycon":
        return session(block.text, values)
    if block.kind == "python" and not block.rest:
        forget_compiled()
        exec(block.text, values)
    return block.text


def console(text: str, folder: Path) -> str:
    lines = text.splitlines()
    assert lines[0].startswith("$ "), f"a console begins with a command: {lines[0]}"
    shown = []
    while lines:
        line = lines.pop(0)
        if not line.startswith("$ "):
            continue
        command = [line]
        while command[-1].endswith("\\"):
            command.append(lines.pop(0))
        run = subprocess.run(
            ["sh", "-c", "\n".join(command)[2:]],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert run.returncode in (0, 1, 2), run.stdout
        assert "Traceback" not in run.stdout, run.stdout
        shown += [*command, *as_of_now(run.stdout).splitlines()]
    return "".join(f"{line.rstrip()}\n" for line in shown)


def judged(block: Block, folder: Path) -> str:
    from sagadsl.diagnostics.text import render_text
    from sagadsl.driver import compile_saga
    from sagadsl.format import format_bytes

    text = block.text
    if block.rest == "part":
        text = f"saga part {{\n{text}\n}}\n"
    named = re.search(r"^saga (\w+)", text, re.MULTILINE)
    path = f"{named[1] if named else 'part'}.saga"
    kept = folder / f"{block.rest}.lock"
    lock = kept.read_text(encoding="utf-8") if kept.is_file() else None
    findings = compile_saga(path, text.encode(), lock).findings
    if block.rest == "wrong":
        assert [f for f in findings if f.rule.severity is Severity.ERROR], block.text
        return block.text
    if block.rest == "part":
        assert not [f for f in findings if f.code < "SAGA100"], render_text(findings)
        return block.text
    assert not findings, render_text(findings)
    formatted = format_bytes(path, text.encode())
    assert isinstance(formatted, str)
    return formatted


def session(text: str, values: dict[str, Any]) -> str:
    forget_compiled()
    shown = ""
    for example in doctest.DocTestParser().get_examples(text):
        first, *more = example.source.rstrip("\n").split("\n")
        shown += f">>> {first}\n" + "".join(f"... {line}\n" for line in more)
        out = io.StringIO()
        with redirect_stdout(out):
            try:
                exec(compile(example.source, "<page>", "single"), values)
            except Exception as error:  # noqa: BLE001  a session may show any
                out.write("Traceback (most recent call last):\n    ...\n")
                out.write("".join(traceback.format_exception_only(error)))
        shown += out.getvalue()
    return shown


def forget_compiled() -> None:
    """Let the next import read what the page has built since."""
    for module in [module for module in sys.modules if module.endswith("_saga")]:
        del sys.modules[module]


def end(values: dict[str, Any]) -> None:
    """Close what a page leaves open, as it is at the end of a program."""
    from sagadsl.runtime import Driver

    for value in values.values():
        if isinstance(value, Driver):
            value.close()


def forget_written(folder: Path) -> None:
    """Let the next page have modules of the same names."""
    for key, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(f"{folder}{os.sep}"):
            del sys.modules[key]


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files that a page links to, and the places in them."""
    for link, image in _LINK.findall(prose(page)):
        target, _, anchor = (link or image).partition("#")
        if "://" not in target:
            yield (page.parent / target).resolve() if target else page, anchor


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The headings of a page, as they are written in links."""
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in _HEADING.findall(prose(page))
    }


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{name(target)}#{anchor}"


def test_every_page_is_linked():
    linked = {target for page in PAGES for target, _ in links(page)}
    assert not set(RUN) - linked - {ROOT / "README.md"}


def test_make_knows_the_commands_that_are_named():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^)make (?:\w+=\S+ )?([a-z-]+)", text, re.MULTILINE)
        assert set(named) <= known, name(page)


def test_every_word_of_the_language_has_an_example():
    grammar = (ROOT / "grammar" / "saga.lark").read_text(encoding="utf-8")
    words = set(re.findall(r'"([a-z]+)"', grammar))
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    shown = "\n".join(block.text for block in blocks(page) if block.kind == "saga")
    assert words - set(re.findall(r"[a-z]+", shown)) == set()
