"""What every backend must do alike when its worker dies in the middle."""

from __future__ import annotations

from collections.abc import Callable

from backends import Process
from scenarios import FORWARD, home, once, ready


def killed(handler: str, act: str) -> Callable[[Process], None]:
    """The worker dies in a handler; nothing happens twice, and nothing is lost."""

    def play(trip: Process) -> None:
        trip.tell(handler, act)
        trip.ask("start")
        trip.ask("fire", "confirm", by="user")
        trip.until(lambda answer: hotel_is_known(trip) and answer.held == ["ready"])
        home(trip)
        assert set(trip.effects) == {*FORWARD, "depart"}
        only_once = [name for name in trip.effects if name != "book_flight"]
        assert len(only_once) == len(set(only_once))

    return play


def hotel_is_known(trip: Process) -> bool:
    """Whether the hotel waits for no person; if it does, one finds out.

    It may have been under way as well, in the worker that died in another handler.
    """
    if "book_hotel" not in trip.ask("look").reason:
        return True
    happened = "book_hotel" in trip.effects
    return trip.ask("resolve", "book_hotel", happened=happened).outcome == "accepted"


def killed_undoing(handler: str, act: str) -> Callable[[Process], None]:
    """The worker dies in a compensation."""

    def play(trip: Process) -> None:
        trip.tell(handler, act)
        ready(trip)
        trip.ask("abort")
        trip.ends("compensated")
        once_only = [name for name in trip.effects if not name.startswith("cancel")]
        assert sorted(once_only) == sorted([*FORWARD, "refund"])
        assert {"cancel_flight", "cancel_hotel"} < set(trip.effects)

    return play


def killed_in_the_probe(trip: Process) -> None:
    trip.tell("pay", "die late")
    trip.tell("pay_status", "die")
    ready(trip)
    home(trip)
    once(trip, *FORWARD, "depart")
