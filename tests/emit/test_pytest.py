"""The tests that are emitted for a user's own suite: they hold, and they notice."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from modules import formatted
from sagas import ROOT, compiled, example

from sagadsl.driver import compile_saga
from sagadsl.emit.pytest import emit_pytest
from sagadsl.emit.python import emit_python
from sagadsl.model import Pinned

SAGAS = [
    path
    for path in sorted((ROOT / "examples").rglob("*.saga"))
    if "as_published" not in path.parts[-2]
]
HOSTILE = [
    "",
    "it's",
    'a "b" c',
    '"""',
    "\\",
    "\\x",
    "\n# fmt: off",
    '" + __import__("os").system("x") + "',
    "{{ 7 * 7 }} {% raw %}",
    "\N{SNOWMAN} \N{GRINNING FACE} é",
    "long " * 40,
]
PAID = """saga paid {
    aggregate id
    abort call_off
    states {
        initial begun
        paid
        final shipped
    }
    transitions {
        begun -> paid    : pay
        paid  -> shipped : ship
    }
    compensations {
        pay : refund
    }
    actions {
        pay    : idempotent
        refund : idempotent
    }
    scenarios {
        %s
    }
}
"""


def written(folder: Path, *sagas: Pinned) -> list[Path]:
    """The modules of sagas and their tests; these are returned."""
    tests = []
    for pinned in sagas:
        name = f"{pinned.saga.name}_saga.py"
        (folder / name).write_text(emit_python(pinned), encoding="utf-8")
        tests.append(folder / f"test_{name}")
        tests[-1].write_text(emit_pytest(pinned), encoding="utf-8")
    return tests


def run(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


def suite(folder: Path) -> tuple[int, str]:
    return run(folder, "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.")


def test_they_stand_as_the_golden_file(golden):
    text = emit_pytest(example("order"))
    golden(Path(__file__).parent / "golden" / "test_order_saga.py.txt", text)


def test_they_pass_are_typed_and_formatted(tmp_path):
    tests = written(tmp_path, *(saga_of(path) for path in SAGAS))
    status, said = suite(tmp_path)
    assert status == 0, said
    assert [line for test in tests for line in formatted(test)] == []
    status, said = run(tmp_path, "mypy", "--strict", *(test.name for test in tests))
    assert status == 0, said


def saga_of(path: Path) -> Pinned:
    pinned, findings = compile_saga(path.name, path.read_bytes(), None)
    assert pinned, findings
    return pinned


def test_every_text_gives_the_same_bytes():
    assert emit_pytest(example("order")) == emit_pytest(example("order"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r'"packing & invoicing"', '"packing"'),
        (r'("abandon",\s+)"[^"]*"', r'\1"payment_made"'),
        (r'"pack_parcel":\s+"unpack_parcel",', ""),
        (r'(Action\("make_payment", "once",)', r"\1 cannot_fail=True,"),
        (r'"initialised":    "initial"', '"initialised": ""'),
    ],
    ids=["fork", "choice", "compensation", "failure", "start"],
)
def test_they_notice_a_change_of_the_machine(tmp_path, old, new):
    written(tmp_path, example("order"))
    module = tmp_path / "order_saga.py"
    text, changes = re.subn(old, new, module.read_text(encoding="utf-8"))
    assert changes == 1
    module.write_text(text, encoding="utf-8")
    assert suite(tmp_path)[0] == 1


def test_no_title_becomes_code(tmp_path):
    titles = list(map(json.dumps, HOSTILE))
    lines = [f"{title} : pay, ship => shipped" for title in titles]
    tests = written(tmp_path, compiled("paid.saga", PAID % "\n        ".join(lines)))
    text = tests[0].read_text(encoding="utf-8")
    assert text.isascii()
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    made = [call for call in calls if ast.unparse(call.func) == "Run"]
    assert [ast.literal_eval(call.args[0]) for call in made[-len(HOSTILE) :]] == HOSTILE
    assert [line for test in tests for line in formatted(test)] == []
    status, said = suite(tmp_path)
    assert status == 0, said


def test_a_scenario_may_ask_to_abort(tmp_path):
    lines = ['"a" : call_off => compensated', '"b" : pay, call_off => compensated']
    lines += ['"c" : call_off, pay => refused', '"d" : pay fails => compensated']
    written(tmp_path, compiled("paid.saga", PAID % "\n".join(lines)))
    status, said = suite(tmp_path)
    assert status == 0, said


def test_what_is_never_undone_is_said_so(tmp_path):
    text = PAID.replace("pay    : idempotent", "pay : idempotent, cannot fail, pivot")
    text = text.replace("pay : refund", "ship : refund").replace("\n        %s", "")
    text = text.replace("refund : i", "ship : idempotent, cannot fail\nrefund : i")
    tests = written(tmp_path, compiled("paid.saga", text))
    assert "        Step.SHIP,\n    ]" in tests[0].read_text(encoding="utf-8")
    status, said = suite(tmp_path)
    assert status == 0, said


def test_long_names_keep_the_format(tmp_path):
    name = "a" * 63
    text = re.sub(r"\bpay\b", name, PAID).replace("shipped", "b" * 63)
    lines = f'"{name}" : {name}, ship => {"b" * 63}'
    tests = written(tmp_path, compiled("paid.saga", text % lines))
    assert [line for test in tests for line in formatted(test)] == []
