"""`sagac test` and `sagac simulate`, each by what it prints."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from project import BROKEN, ORDER, contents, write

PLAYED = (
    ORDER.rstrip().removesuffix("}")
    + """
    scenarios {
        "straight"   : pay, ship => shipped
        "too early"  : ship => refused
%s
    }
}
"""
)
GOOD = PLAYED.replace("%s\n", "")
WRONG = (
    PLAYED
    % """\
        "out of order" : pay, pay, ship => shipped
        "not so far"   : pay => shipped"""
)


def test_scenarios_that_hold(sagac):
    write(sagac, GOOD)
    assert sagac("test") == (
        0,
        "order.saga\n  ✓ straight\n  ✓ too early\n2 scenarios: 2 passed\n",
        "",
    )
    assert contents(sagac.folder).keys() == {"order.saga"}


def test_scenarios_that_do_not_hold_say_where_they_stopped(sagac):
    write(sagac, WRONG)
    status, out, err = sagac("test", "order.saga")
    assert (status, err) == (1, "")
    assert out.splitlines()[3:] == [
        "  ✗ out of order (order.saga:18)",
        "      after  pay",
        "      at     pay",
        "      why    `pay` is already done",
        "  ✗ not so far (order.saga:19)",
        "      after  pay",
        "      at     => shipped",
        "      why    it stands in `paid`",
        "4 scenarios: 2 passed, 2 failed",
    ]


def test_a_saga_that_does_not_compile_is_not_tested(sagac):
    write(sagac, BROKEN)
    write(sagac, GOOD.replace("order", "other"), "other.saga")
    status, out, err = sagac("test")
    assert status == 1
    assert "error[SAGA101]" in err
    assert err.endswith("order.saga: not tested, as it does not compile\n")
    assert out.endswith("2 scenarios: 2 passed, 1 saga not tested\n")


def test_without_scenarios_there_is_nothing_to_run(sagac):
    write(sagac)
    assert sagac("test") == (0, "order.saga: no scenarios\n0 scenarios\n", "")
    assert sagac("test", "missing.saga")[0] == 2


def test_the_report_as_data(sagac):
    write(sagac, WRONG)
    write(sagac, BROKEN.replace("order", "bad"), "bad.saga")
    status, out, _ = sagac("test", "--json")
    assert status == 1
    document = json.loads(out)
    assert document["format"] == 1
    bad, order = document["sagas"]
    assert bad == {"path": "bad.saga", "scenarios": None}
    assert [report["passed"] for report in order["scenarios"]] == [1, 1, 0, 0]
    assert order["scenarios"][2] == {
        "title": "out of order",
        "line": 18,
        "result": "shipped",
        "passed": False,
        "made": ["pay"],
        "stopped": "pay",
        "why": "`pay` is already done",
    }


def test_a_terminal_without_ticks_gets_words(sagac):
    write(sagac, WRONG)
    out = sagac("test", PYTHONIOENCODING="ascii")[1]
    assert "  ok straight\n" in out
    assert "  failed out of order (" in out


def test_simulate_reads_a_pipe_and_prints_a_scenario_that_holds(sagac):
    write(sagac, GOOD)
    status, out, err = sagac("simulate", "order.saga", stdin=b"1\nnext\r\nship")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "order, version 1 (draft); try `help`",
        "at begun",
        "  1  pay    -> paid  by user",
        "  2  abort  by an operator",
        "> 1",
        "`pay` is done",
        "at paid",
        "  1  ship   -> shipped  by system",
        "  2  abort  by an operator",
        "> next",
        "`next` is nothing to do here; `help` says what can be",
        "> ship",
        "`ship` is done",
        "finished: shipped",
        '"session" : pay, ship => shipped',
    ]
    write(sagac, GOOD.replace('"straight"', f'{out.splitlines()[-1]}\n"straight"'))
    assert sagac("test")[0] == 0


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xfe\x1b[2J\n", b"1\nquit\n1\n"])
def test_simulate_ends_with_its_input(sagac, data):
    write(sagac, GOOD)
    status, out, err = sagac("simulate", "order.saga", stdin=data)
    assert (status, err) == (0, "")
    assert "\x1b" not in out
    assert out.count("\n> ") == min(data.count(b"\n"), 2)


def test_simulate_by_another_version(sagac):
    write(sagac, GOOD)
    sagac("release", "order.saga")
    write(sagac, GOOD.replace("ship ", "send ").replace("ship", "send"))
    status, out, _ = sagac("simulate", "order.saga", "--version", "1", stdin=b"1\n1\n")
    assert status == 0
    assert out.startswith("order, version 1; try `help`\n")
    assert out.endswith("no scenario: the saga has no `ship` any more\n")
    assert sagac("simulate", "order.saga", "--version", "3")[0] == 2
    write(sagac, BROKEN)
    assert sagac("simulate", "order.saga")[0] == 1


def test_simulate_at_a_terminal(sagac):
    path = write(sagac, GOOD)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "sagadsl", "simulate", path],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        os.close(theirs)
        os.write(ours, b"pay\nship\n\x04")
        out = process.communicate(timeout=60)[0].decode()
        os.close(ours)
    assert process.returncode == 0
    assert "at paid\n" in out
    assert out.endswith('"session" : pay, ship => shipped\n')
