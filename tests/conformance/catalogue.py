"""The scenarios by their names, as the documents show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import deaths
import scenarios
from backends import Process


class Scenario(NamedTuple):
    """A scenario by its name; `modules` is of which versions the worker knows first."""

    name: str
    play: Callable[[Process], None]
    saga: str = "trip"
    modules: str = "v1"


def _scenarios() -> Iterator[Scenario]:
    yield Scenario("success", scenarios.success)
    yield Scenario("failure with an `else`", scenarios.payment_fails)
    yield Scenario("failure in one branch", scenarios.flight_fails)
    yield Scenario("failure in the other branch", scenarios.hotel_fails)
    yield Scenario(
        "abort: compensations in their order", scenarios.abort_compensates_in_order
    )
    yield Scenario(
        "a compensation is tried again", scenarios.compensation_is_tried_again
    )
    yield Scenario("branches side by side", scenarios.branches_run_side_by_side)
    yield Scenario("doubt: the probe says yes", scenarios.doubt_and_it_happened)
    yield Scenario("doubt: the probe says no", scenarios.doubt_and_it_did_not_happen)
    yield Scenario("doubt: the probe does not know", scenarios.doubt_and_nobody_knows)
    yield Scenario("doubt: no probe", scenarios.doubt_without_a_probe)
    yield Scenario("doubt: compensated all the same", scenarios.doubt_is_compensated)
    yield Scenario("timeout of a handler", scenarios.handler_overruns_its_timeout)
    yield Scenario(
        "abort between our own steps", scenarios.abort_between_our_own_steps, "errand"
    )
    yield Scenario("the same start again", scenarios.same_start_again)
    yield Scenario("the same event again", scenarios.same_event_again)
    yield Scenario("an event too early", scenarios.event_too_early_or_of_another)
    yield Scenario("an unknown process", scenarios.nobody_knows_the_process)
    yield Scenario("timer and expiry", scenarios.timer_and_expiry, "hold")
    yield Scenario(
        "an event before the timer", scenarios.event_before_the_timer, "hold"
    )
    yield Scenario("an old version, a newer worker", scenarios.version_stays_in_flight)
    yield Scenario("an upgrade in flight", scenarios.upgrade_in_flight)
    yield Scenario("an upgrade too early", scenarios.upgrade_too_early)
    yield Scenario("an upgrade too late", scenarios.upgrade_too_late)


def _deaths() -> Iterator[Scenario]:
    for handler in ("pay", "book_flight", "book_hotel", "depart"):
        for act, when in (("die", "before"), ("die late", "after")):
            play = deaths.killed(handler, act)
            yield Scenario(f"killed {when} the effect of `{handler}`", play)
    yield Scenario("killed in the probe", deaths.killed_in_the_probe)
    for handler in ("refund", "cancel_flight", "cancel_hotel"):
        for act, when in (("die", "before"), ("die late", "after")):
            play = deaths.killed_undoing(handler, act)
            yield Scenario(f"killed {when} the effect of `{handler}`", play)


SCENARIOS = (*_scenarios(), *_deaths())
