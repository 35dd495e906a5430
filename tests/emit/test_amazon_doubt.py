"""When a definition for Step Functions asks about a call, and when it calls again."""

from __future__ import annotations

import json
import time

from step_functions import Functions, run
from test_amazon_states import TRIP, compiled, functions

from sagadsl.emit.amazon_states import emit_amazon_states

__all__ = ["functions"]


class Timed(Functions):
    """Notes when each function was called."""

    def __init__(self) -> None:
        super().__init__()
        self.times: dict[str, float] = {}

    def invoke(self, name: str, body: str, headers: dict[str, str]) -> bytes:
        self.times[name] = time.monotonic()
        return super().invoke(name, body, headers)


def test_a_probe_is_asked_when_the_call_has_had_its_time():
    """Who lost a function does not end it: it may be paid just after a `no`."""
    timed = Timed()
    timed.acts["pay"] = ["raise"]
    timed.acts["pay_status"] = [False]
    timed.answers["requested"] = [{"event": "confirm"}]
    assert run(timed, emit_amazon_states(compiled(TRIP))).error == "rejected"
    assert timed.times["pay_status"] - timed.times["pay"] >= 1


def test_a_probe_is_given_the_key_of_the_call(functions):
    """Who looks for the payment by it would find none, and it would be forgotten."""
    functions.acts["pay"] = ["raise"]
    functions.acts["pay_status"] = [True]
    functions.acts["depart"] = ["fail"]
    functions.acts["refund"] = ["raise"]
    functions.acts["refund_status"] = [True]
    run(functions, emit_amazon_states(compiled(TRIP)))
    called = zip(functions.calls, functions.payloads, strict=True)
    keys = {name: given["idempotency_key"] for name, given in called}
    assert keys["pay"] == keys["pay_status"] == "trip/42/pay/pay"
    assert keys["refund"] == keys["refund_status"] == "trip/42/pay/refund"


def test_after_its_time_out_it_is_asked_at_once():
    states = json.loads(emit_amazon_states(compiled(TRIP)))["States"]
    ways = {one["ErrorEquals"][0]: one["Next"] for one in states["pay"]["Catch"]}
    assert ways["States.Timeout"] == "pay_status of pay"
    assert states[ways["States.ALL"]]["Type"] == "Wait"


def test_a_compensation_that_cannot_fail_is_called_until_it_succeeds(functions):
    """Nobody is asked."""
    edit = ("cancel_flight : idempotent", "cancel_flight : idempotent, cannot fail")
    functions.acts["depart"] = ["fail"]
    functions.acts["cancel_flight"] = ["fail", "fail"]
    end = run(functions, emit_amazon_states(compiled(TRIP, edit)))
    assert end.error == "Compensated"
    assert functions.calls.count("cancel_flight") == 3


def test_a_call_that_was_turned_away_is_in_no_doubt(functions):
    """Lambda had too many to call the function at all."""
    functions.acts["pay"] = ["busy", "busy"]
    assert run(functions, emit_amazon_states(compiled(TRIP))).status == "SUCCEEDED"
    assert functions.calls.count("pay") == 3
    assert "pay_status" not in functions.calls
