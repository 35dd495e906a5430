"""Whatever is read: findings or a syntax, never an exception, and soon."""

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sagadsl.diagnostics import Finding
from sagadsl.diagnostics.text import render_text
from sagadsl.parser import MOST, decode_source, parse_saga
from sagadsl.source import Source

SAMPLE = (Path(__file__).parents[2] / "examples/order.saga").read_text(encoding="utf-8")
PIECES = [*SAMPLE.replace("\n", " \n ").split(" "), "{", "}", '"', "\\", "'", "\u202e"]


def judge(text: str) -> list[str]:
    """The codes for a text, after everything is held that holds for any text."""
    source = Source("order.saga", text)
    saga, findings = parse_saga(source)
    assert (saga is None) == bool(findings)
    assert len(findings) <= MOST
    lines = [source.place(finding.span.start)[0] for finding in findings]
    assert lines == sorted(set(lines))
    for finding in findings:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        parts = (finding.message, finding.label, finding.why, finding.help)
        assert all(parts)
        assert not any(part.endswith(".") for part in parts)
    render_text(findings)
    return [finding.code for finding in findings]


@given(st.text())
@example("")
@example("\ud800")
def test_random_text(text):
    judge(text)


@given(st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_random_words_of_the_language(text):
    judge(text)


@given(
    st.integers(0, len(SAMPLE)),
    st.integers(0, 40),
    st.sampled_from(PIECES) | st.text(max_size=3),
)
def test_a_sample_with_a_mistake(at, length, piece):
    judge(SAMPLE[:at] + piece + SAMPLE[at + length :])


@given(st.binary())
@example(b"\x00")
def test_random_bytes(data):
    source = decode_source("order.saga", data)
    if isinstance(source, Finding):
        assert source.code == "SAGA006"
        render_text([source])
    else:
        judge(source.text)


ROWS = "".join(f"s{n} -> s{n + 1} : a{n} by user # c\n" for n in range(20_000))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (f"saga order {{ transitions {{ {ROWS} }} }}", []),
        ("x" * 10_000_000, ["SAGA005"]),
        ("saga order " + "{" * 5_000, ["SAGA001"]),
        ("saga order { states {" + "{" * 5_000 + "}" * 5_000, ["SAGA001"]),
        ("saga order { states {\n" + "a b\n" * 500_000, ["SAGA001"] * MOST),
        ('saga order { states { a "' + "\\\\" * 1_000_000 + '" } }', []),
        ('saga order { states { a "' + "\\u0041" * 500_000 + '" } }', []),
        ('"' * 1_000_000, ["SAGA001"]),
        ("\0" * 1_000_000, ["SAGA002"]),
    ],
    ids=range(9),
)
def test_much_of_it(text, codes):
    began = time.perf_counter()
    assert judge(text) == codes
    assert time.perf_counter() - began < 20


def test_twice_the_rows_take_twice_the_time():
    def seconds(rows: int) -> float:
        text = "".join(f"s{n} -> s{n + 1} : a{n}\n" for n in range(rows))
        source = Source("order.saga", f"saga order {{ transitions {{ {text} }} }}")
        began = time.process_time()
        assert parse_saga(source)[0]
        return time.process_time() - began

    seconds(100)
    assert seconds(16_000) < 24 * seconds(2_000)


@pytest.mark.parametrize(
    "character",
    [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp")
        and chr(code) not in "\t\n\r"
    ][::7],
    ids=lambda c: f"{ord(c):04X}",
)
@pytest.mark.parametrize(
    "text", ["saga order {{ }} # {}", 'saga order "{}" {{ }}', "saga or{}der {{ }}"]
)
def test_what_cannot_be_seen_is_refused_everywhere(text, character):
    assert judge(text.format(character)) == ["SAGA002"]


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\ufeff", "\0", "\x1b"])
def test_an_escape_does_not_smuggle_it_in(character):
    assert judge(f'saga order "\\u{ord(character):04x}" {{ }}') == ["SAGA003"]


def test_a_lone_carriage_return_is_refused():
    assert judge("saga order {\r}") == ["SAGA002"]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"saga order {\n  \xff }", (2, 3)),
        (b"# caf\xc3\xa9 \xe9t\xe9", (1, 8)),
        (b"\xef\xbb\xbfsaga \xc3", (1, 7)),
        ("saga".encode("utf-16"), (1, 1)),
        (b"\xed\xa0\x80", (1, 1)),
    ],
)
def test_bytes_that_are_no_text_are_shown_where_they_are(data, place):
    finding = decode_source("order.saga", data)
    assert isinstance(finding, Finding)
    assert finding.span.source.place(finding.span.start) == place


def test_good_bytes_are_the_text_unchanged():
    source = decode_source("order.saga", "\ufeff# é\r\n".encode())
    assert isinstance(source, Source)
    assert source.text == "\ufeff# é\r\n"


def test_to_parse_is_not_to_import_lark():
    code = (
        "import sys; from sagadsl.parser import parse_saga;"
        "from sagadsl.source import Source;"
        "parse_saga(Source('order.saga', 'saga order {}'));"
        "print('lark' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n"


def test_threads_may_parse_at_once():
    texts = [SAMPLE.replace("saga order", f"saga order_{n}") for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        sagas = pool.map(lambda text: parse_saga(Source("x.saga", text))[0], texts)
    assert [saga and saga.name.span.text for saga in sagas] == [
        f"order_{n}" for n in range(8)
    ]
