"""Every kind of finding has a page, and every page is true.

A page begins `# SAGA203 unreachable`. Its fenced blocks are judged in order:

- `saga`: compiled; the `text` block that follows is what the user sees, to the byte,
  and shows the page's finding. Under `## Fix` it compiles without an error.
- `python`: the same for bytes that are too many or too odd to print; an expression of
  bytes literals, `*` and `+`.
- `saga order.saga`: the same in a file of that name, whatever saga is in it.
- `saga released`: compiled and released; the blocks after it are judged against it.
- `saga anew`: the same without its lock file, which is what the blocks after it have.
- `saga emitted`: the same, and emitted; the blocks after it are judged beside the
  module, and without the lock file unless another is given.
- `lock`: the lock file that the blocks after it are judged against.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import sagadsl
from sagadsl.diagnostics import Finding, Rule, Severity
from sagadsl.diagnostics.text import render_text
from sagadsl.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sagadsl.model import Pinned

PAGES = sorted((Path(__file__).parents[1] / "docs" / "findings").glob("*.md"))
_HEAD = re.compile(r"# (SAGA[0-9]{3}) ([a-z][a-z0-9-]*)\n")
_PART = re.compile(r"^(`{3,})([^\n]*)\n(.*?)^\1$|^## Fix$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its info string, its text and where the text stands."""

    info: str
    text: str
    start: int
    end: int
    fix: bool


class Example(NamedTuple):
    """What is compiled, against which lock, and the block that tells the outcome."""

    path: str
    data: bytes
    lock: str | None
    emitted: Source | None
    kept: str | None
    fix: bool
    expected: Block | None


def blocks(page: str) -> Iterator[Block]:
    fix = False
    for part in _PART.finditer(page):
        if part[1] is None:
            fix = True
        else:
            yield Block(part[2], part[3], part.start(3), part.end(3), fix)


def examples(page: str) -> Iterator[Example]:
    from sagadsl.driver import emit, release_text

    lock = emitted = kept = None
    listed = list(blocks(page))
    for block, following in zip(listed, [*listed[1:], None], strict=True):
        if block.info == "lock":
            lock = block.text
        elif block.info == "saga released":
            lock = kept = release_text(pinned(block.text, lock))
        elif block.info == "saga anew":
            lock = release_text(pinned(block.text, None))
        elif block.info == "saga emitted":
            sealed = pinned(block.text, release_text(pinned(block.text, lock)))
            module = emit(sealed, "py").decode()
            lock, emitted = None, Source(f"{sealed.saga.name}_saga.py", module)
        elif block.info in ("saga", "python") or block.info.endswith(".saga"):
            data = block.text.encode()
            if block.info == "python":
                data = bytes_of(ast.parse(block.text.strip(), mode="eval").body)
            named = path_of(data.decode(errors="replace"))
            path = block.info.partition(" ")[2] or named
            shown = following if following and following.info == "text" else None
            yield Example(path, data, lock, emitted, kept, block.fix, shown)


def findings_of(example: Example, code: str) -> tuple[Finding, ...]:
    """What `sagac build` says; on a page of the sixth hundred, `sagac breaking` too.

    Of what a target asks for, only what the page is about.
    """
    from sagadsl.driver import check_targets, compile_saga
    from sagadsl.emit.targets import TARGETS
    from sagadsl.versions.breaking import breaking_since

    pinned, findings = compile_saga(*example[:4])
    asked = check_targets(pinned, TARGETS) if pinned else ()
    findings += tuple(finding for finding in asked if finding.code == code)
    if pinned is None or not code.startswith("SAGA6"):
        return findings
    categories = ("STORED", "RUNNING", "SOURCE")
    return (*findings, *breaking_since(pinned, example.kept, categories))


def pinned(text: str, lock: str | None) -> Pinned:
    from sagadsl.driver import compile_saga

    compiled = compile_saga(path_of(text), text.encode(), lock)
    assert compiled.pinned, compiled.findings
    return compiled.pinned


def path_of(text: str) -> str:
    """Where the saga of a block would be kept."""
    named = re.search(r"^saga (\w+)", text, re.MULTILINE)
    return f"{named[1] if named else 'order'}.saga"


def bytes_of(node: ast.expr) -> bytes:
    """The value of an expression such as `b"saga x {" + b"#" * 5_000_000`."""
    match node:
        case ast.Constant(value=bytes(value)):
            return value
        case ast.BinOp(left, ast.Add(), right):
            return bytes_of(left) + bytes_of(right)
        case ast.BinOp(left, ast.Mult(), ast.Constant(value=int(times))):
            return bytes_of(left) * times
    raise AssertionError(f"not an expression of bytes: {ast.unparse(node)}")


def rules() -> dict[str, set[Rule]]:
    """The rules that each module of the package defines or imports."""
    found = {}
    for module in pkgutil.walk_packages(sagadsl.__path__, "sagadsl."):
        if not module.name.endswith("__main__"):
            values = vars(importlib.import_module(module.name)).values()
            found[module.name] = {v for v in values if isinstance(v, Rule)}
    return found


def head(page: Path) -> tuple[str, str]:
    """The code and the rule's name in the first line of a page."""
    match = _HEAD.match(page.read_text(encoding="utf-8"))
    assert match, f"{page.name} does not begin with a line such as `# SAGA203 name`"
    return match[1], match[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_shows_what_the_user_sees(page, update):
    code, name = head(page)
    assert page.stem == name
    text = page.read_text(encoding="utf-8")
    shown = text
    broken = fixed = 0
    # From the end, so that an update leaves the places of earlier blocks as they are.
    for example in reversed(list(examples(text))):
        findings = findings_of(example, code)
        codes = [finding.code for finding in findings]
        if example.fix:
            fixed += 1
            assert code not in codes
            assert [f for f in findings if f.rule.severity is Severity.ERROR] == []
        else:
            broken += 1
            assert code in codes
            block = example.expected
            assert block, f"{page.name}: a `text` block must follow what is broken"
            shown = shown[: block.start] + render_text(findings) + shown[block.end :]
    assert broken, f"{page.name} does not show what is wrong"
    assert fixed, f"{page.name} does not show a fix"
    if update:
        page.write_bytes(shown.encode())
    else:
        assert text == shown


def test_every_rule_has_a_page_and_every_page_a_rule():
    defined = {(rule.code, rule.name) for found in rules().values() for rule in found}
    assert defined == {head(page) for page in PAGES}


def test_a_code_and_a_name_stand_for_one_rule():
    defined = set().union(*rules().values())
    assert len(defined) == len({rule.code for rule in defined})
    assert len(defined) == len({rule.name for rule in defined})


def test_a_check_is_named_after_its_rule():
    for module, found in rules().items():
        if module.startswith("sagadsl.checks."):
            stem = module.rpartition(".")[2].replace("_", "-")
            assert {rule.name for rule in found} <= {stem}, module
