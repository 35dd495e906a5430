"""An abort and the pivot, in a definition for Step Functions."""

from __future__ import annotations

import pytest
from step_functions import run
from test_amazon_states import compiled, functions

from sagadsl.driver import check_targets
from sagadsl.emit.amazon_states import emit_amazon_states

__all__ = ["functions"]

PIVOT = """saga sale {
    aggregate id
    abort call_off by user
    states { initial open, ready, agreed, final sold }
    transitions {
        open -> ready : prepare by user
        ready -> agreed : pay by user
        ready -> agreed : skip by user
        agreed -> sold : close by user
    }
    compensations { prepare : clear }
    actions { prepare : idempotent, clear : idempotent, pay : idempotent, pivot }
}
"""


@pytest.mark.parametrize(
    ("way", "calls"), [("pay", ["prepare", "pay"]), ("skip", ["prepare", "clear"])]
)
def test_an_abort_is_not_taken_if_the_way_led_over_the_pivot(
    functions, tmp_path, way, calls
):
    (tmp_path / "sale.saga").write_text(PIVOT)
    functions.answers["open"] = [{"event": "prepare"}]
    functions.answers["ready"] = [{"event": way}]
    functions.answers["agreed"] = [{"event": "call_off"}, {"event": "close"}]
    end = run(functions, emit_amazon_states(compiled(tmp_path / "sale.saga")))
    assert end.status == ("SUCCEEDED" if way == "pay" else "FAILED")
    assert functions.calls == calls


def test_an_abort_beside_a_pivot_is_refused(tmp_path):
    """It would be taken in one branch when the pivot of the other is begun."""
    rows = """
        open -> left & right : begin by user
        left -> paid : pay by system
        right -> signed : sign by user
        paid & signed -> sold : meet by system
    """
    states = "initial open, left, right, paid, signed, final sold"
    text = f"saga fork {{\naggregate id\nstates {{ {states} }}\ntransitions {{{rows}}}"
    pay = "actions { pay : idempotent, pivot, cannot fail }\n}\n"
    path = tmp_path / "fork.saga"
    path.write_text(f"{text}\n{pay}")
    assert not check_targets(compiled(path), ["amazon-states"])
    path.write_text(f"{text}\nabort call_off by user\n{pay}")
    (found,) = check_targets(compiled(path), ["amazon-states"])
    assert found.label == "an abort in another branch cannot know whether it has begun"
