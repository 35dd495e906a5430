"""The rounds of a loop in a definition for Step Functions."""

from __future__ import annotations

from step_functions import Functions, run
from test_amazon_states import compiled

from sagadsl.emit.amazon_states import emit_amazon_states

TALK = """saga talk {
    aggregate talk_id
    states { initial open, again, final closed }
    transitions {
        open  -> again  : ask   by user
        again -> open   : think by user up to 2 times
        again -> closed : close by user
    }
}
"""


def test_who_is_asked_is_told_of_a_state_by_its_name_in_each_round(tmp_path):
    (tmp_path / "talk.saga").write_text(TALK)
    functions = Functions()
    functions.answers["open"] = [{"event": "ask"}, {"event": "ask"}]
    functions.answers["again"] = [{"event": "think"}, {"event": "close"}]
    end = run(functions, emit_amazon_states(compiled(tmp_path / "talk.saga")))
    assert end.status == "SUCCEEDED"
    assert [*end.done] == ["ask", "think", "ask_2", "close"]
