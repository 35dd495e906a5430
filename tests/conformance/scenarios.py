"""What every backend must do alike: each function drives one process and looks on."""

from __future__ import annotations

import time

from backends import Process

FORWARD = ("pay", "book_flight", "book_hotel")


def confirmed(trip: Process) -> None:
    """Started, and on its way."""
    assert trip.ask("start").outcome == "accepted"
    trip.ask("fire", "confirm", by="user")


def ready(trip: Process) -> None:
    """Until it can depart."""
    confirmed(trip)
    trip.held("ready")


def home(trip: Process) -> None:
    """From there to its end."""
    trip.ask("fire", "depart", by="user")
    trip.held("travelling")
    trip.ask("fire", "arrive", by="carrier")
    trip.ends("home")


def once(trip: Process, *effects: str) -> None:
    """These have happened, each once, and nothing else."""
    assert sorted(trip.effects) == sorted(effects)


def undone(trip: Process) -> None:
    """Whatever was done is undone, once, and not before it was done."""
    effects = trip.effects
    for done, undo in (
        ("pay", "refund"),
        ("book_flight", "cancel_flight"),
        ("book_hotel", "cancel_hotel"),
    ):
        assert effects.count(undo) == effects.count(done) <= 1
        assert done not in effects or effects.index(done) < effects.index(undo)


def success(trip: Process) -> None:
    ready(trip)
    home(trip)
    once(trip, *FORWARD, "depart")


def payment_fails(trip: Process) -> None:
    trip.tell("pay", "fail")
    confirmed(trip)
    trip.ends("rejected")
    once(trip)


def flight_fails(trip: Process) -> None:
    trip.tell("book_flight", "fail")
    confirmed(trip)
    trip.ends("compensated")
    assert "book_flight" not in trip.effects
    undone(trip)


def hotel_fails(trip: Process) -> None:
    trip.tell("book_hotel", "fail")
    confirmed(trip)
    trip.ends("compensated")
    assert "book_hotel" not in trip.effects
    undone(trip)


def abort_compensates_in_order(trip: Process) -> None:
    ready(trip)
    assert trip.ask("abort", by="support").outcome == "accepted"
    trip.ends("compensated")
    undone(trip)
    assert trip.effects[-1] == "refund"


def compensation_is_tried_again(trip: Process) -> None:
    trip.tell("refund", "fail")
    ready(trip)
    trip.ask("abort")
    trip.ends("compensated")
    undone(trip)


def branches_run_side_by_side(trip: Process) -> None:
    trip.tell("book_flight", "slow")
    confirmed(trip)
    trip.held("ready")
    assert trip.effects == ["pay", "book_hotel", "book_flight"]
    home(trip)


def doubt_and_it_happened(trip: Process) -> None:
    trip.tell("pay", "raise late")
    ready(trip)
    home(trip)
    once(trip, *FORWARD, "depart")


def doubt_and_it_did_not_happen(trip: Process) -> None:
    """It is then a failure, which leads to `declined`: nothing says to try again."""
    trip.tell("pay", "raise")
    confirmed(trip)
    trip.ends("rejected")
    once(trip)


def doubt_and_nobody_knows(trip: Process) -> None:
    """A person is asked, who finds that it has happened."""
    trip.tell("pay", "raise late")
    trip.tell("pay_status", "unknown")
    confirmed(trip)
    trip.until(
        lambda _: (
            trip.ask("resolve", "pay", happened=True, by="ann").outcome == "accepted"
        )
    )
    trip.held("ready")
    once(trip, *FORWARD)


def doubt_without_a_probe(trip: Process) -> None:
    """A person is asked, who finds that it has not happened: so it is tried again."""
    trip.tell("book_hotel", "raise")
    confirmed(trip)
    trip.until(
        lambda _: (
            trip.ask("resolve", "book_hotel", happened=False).outcome == "accepted"
        )
    )
    trip.held("ready")
    once(trip, *FORWARD)


def doubt_is_compensated(trip: Process) -> None:
    """`even if in doubt` needs no answer; what it undoes may or may not have been."""
    trip.tell("book_hotel", "raise late")
    confirmed(trip)
    trip.until(lambda answer: "flown" in answer.held)
    trip.ask("abort")
    trip.ends("compensated")
    undone(trip)


def abort_between_our_own_steps(errand: Process) -> None:
    """It is heard while a handler is called, and before the next one is."""
    errand.tell("pack", "slow 3")
    errand.ask("start")
    errand.until(lambda _: "pay" in errand.effects)
    time.sleep(1)  # by then `pack` is called
    assert errand.ask("abort").outcome == "accepted"
    errand.ends("compensated")
    assert errand.effects == ["pay", "pack", "unpack", "refund"]


def handler_overruns_its_timeout(trip: Process) -> None:
    """It is not waited for: its probe says that it has happened."""
    trip.tell("pay", "hang 60")
    confirmed(trip)
    trip.held("ready")
    home(trip)
    once(trip, *FORWARD, "depart")


def same_start_again(trip: Process) -> None:
    ready(trip)
    assert trip.ask("start").outcome == "already done"
    home(trip)
    again = trip.ask("start")
    assert (again.outcome, again.end) == ("refused", "home")
    once(trip, *FORWARD, "depart")


def same_event_again(trip: Process) -> None:
    ready(trip)
    assert trip.ask("fire", "confirm", by="user").outcome == "already done"
    home(trip)
    assert trip.ask("fire", "arrive", by="carrier").end == "home"
    once(trip, *FORWARD, "depart")


def event_too_early_or_of_another(trip: Process) -> None:
    trip.ask("start")
    early = trip.ask("fire", "depart", by="user")
    assert early.outcome == "refused"
    assert "waits for" in early.reason
    wrong = trip.ask("fire", "confirm", by="carrier")
    assert wrong.outcome == "refused"
    assert trip.ask("look").held == ["requested"]
    once(trip)


def nobody_knows_the_process(trip: Process) -> None:
    assert trip.ask("fire", "confirm", by="user").outcome == "unknown"
    assert trip.ask("look").outcome == "unknown"


def timer_and_expiry(hold: Process) -> None:
    hold.ask("start")
    hold.ask("fire", "take", by="user")
    hold.held("warned")
    hold.ends("expired")
    once(hold, "take", "release")


def event_before_the_timer(hold: Process) -> None:
    hold.ask("start")
    hold.ask("fire", "take", by="user")
    hold.held("held")
    hold.ask("fire", "buy", by="user")
    hold.ends("bought")
    once(hold, "take")


def version_stays_in_flight(trip: Process) -> None:
    """A newer worker runs an older process to its end, by its own version."""
    ready(trip)
    trip.backend.replace(trip.backend.modules.with_name("v2"))
    home(trip)
    once(trip, *FORWARD, "depart")


def upgrade_in_flight(trip: Process) -> None:
    """What has not departed moves, and is insured first."""
    ready(trip)
    upgrade_moves(trip)


def upgrade_moves(trip: Process) -> None:
    """A newer worker comes, and moves it on its way."""
    trip.backend.replace(trip.backend.modules.with_name("v2"))
    assert trip.ask("upgrade").outcome == "accepted"
    trip.held("insured")
    home(trip)
    once(trip, *FORWARD, "insure", "depart")


def upgrade_too_early(trip: Process) -> None:
    """A worker does not know the version yet: what it has refused stays refused."""
    ready(trip)
    early = trip.ask("upgrade", to=2)
    assert (early.outcome, early.reason) == ("refused", "trip has no version 2")
    upgrade_moves(trip)


def upgrade_too_late(trip: Process) -> None:
    """What has departed stays on its version."""
    ready(trip)
    trip.ask("fire", "depart", by="user")
    trip.held("travelling")
    trip.backend.replace(trip.backend.modules.with_name("v2"))
    assert trip.ask("upgrade").outcome == "refused"
    trip.ask("fire", "arrive", by="carrier")
    trip.ends("home")
    once(trip, *FORWARD, "depart")
