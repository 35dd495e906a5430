"""What is kept with a process, and what cannot be."""

from __future__ import annotations

from functools import reduce
from math import nan
from typing import Any

import pytest
from world import World, log, paid

from sagadsl.runtime import Driver, Store


def test_the_data_of_a_process_is_given_to_its_handlers(
    driver: Driver, world: World
) -> None:
    world.tell("make_payment", lambda _: {"receipt": "r-1"})
    driver.start("42", {"card": "1234", "receipt": ""})
    driver.fire("42", "check_out", by="user", data={"note": "é\u2028"})
    driver.fire("42", "make_payment", by="user")
    driver.fire("42", "validate_payment", by="ops")
    driver.run()
    first, *_, last = world.contexts
    assert first.data == {"card": "1234", "receipt": "", "note": "é\u2028"}
    assert last.data == {"card": "1234", "receipt": "r-1", "note": "é\u2028"}


def test_what_another_client_wrote_is_read_as_it_is(
    driver: Driver, store: Store, world: World
) -> None:
    """Also the character that stands for what could not be read, wherever that was."""
    driver.start("42")
    data = '{"note": "\N{REPLACEMENT CHARACTER}"}'
    store.database.execute("UPDATE saga_process SET data = ?", (data,))
    driver.fire("42", "check_out", by="user")
    driver.fire("42", "make_payment", by="user")
    assert world.contexts[0].data == {"note": "\N{REPLACEMENT CHARACTER}"}


def test_what_cannot_be_kept_is_told_of_and_the_step_is_done(
    driver: Driver, store: Store, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Its effect stands, whatever it returns; and others must not die of it."""
    caplog.set_level("WARNING", "sagadsl.runtime")
    world.tell("pack_parcel", lambda _: {"boxes": {1, 2}})
    world.tell("send_invoice", lambda _: "r-1")
    world.tell("make_payment", lambda _: {"rate": nan})
    paid(driver, "42")
    driver.fire("42", "validate_payment", by="ops")
    driver.run()
    assert {"done pack_parcel", "done send_invoice"} <= set(log(store, "42"))
    assert store.database.rows("SELECT data FROM saga_process") == [("",)]
    said = "what it returned is not kept: "
    assert [record.getMessage() for record in caplog.records] == [
        f"make_payment: {said}Out of range float values are not JSON compliant",
        f"pack_parcel: {said}Object of type set is not JSON serializable",
        f"send_invoice: {said}str is no mapping",
    ]


def deep(levels: int) -> dict[str, Any]:
    return reduce(lambda inner, _: {"in": [inner]}, range(levels), {"]": '"['})


@pytest.mark.parametrize(
    "data", [{"rate": nan}, {"boxes": {1, 2}}, deep(50), deep(470), deep(100_000)]
)
def test_data_that_json_cannot_hold_are_refused(
    driver: Driver, store: Store, data: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"JSON|nest"):
        driver.start("42", data)
    assert driver.start("42").accepted
    with pytest.raises((TypeError, ValueError), match=r"JSON|nest"):
        driver.fire("42", "check_out", by="user", data=data)
    assert log(store, "42") == ["start"]


def test_data_may_be_as_wide_as_they_are(driver: Driver, world: World) -> None:
    data = {"a": deep(49), "b": [{"c": ["[", '"', "\\"]}] * 100}
    driver.start("42", data)
    driver.fire("42", "check_out", by="user")
    driver.fire("42", "make_payment", by="user")
    assert world.contexts[0].data == data


def test_data_that_are_too_deep_for_python_keep_no_worker_from_others(
    driver: Driver, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A client of the tables may write what it likes."""
    for order in ("1", "2"):
        paid(driver, order)
        driver.fire(order, "validate_payment", by="ops")
    nested = '{"in":' * 100_000 + "1" + "}" * 100_000
    write = "UPDATE saga_process SET data = ? WHERE aggregate_id = '1'"
    store.database.execute(write, (nested,))
    driver.run()
    assert "done pack_parcel" in log(store, "2")
    (told,) = [record.getMessage() for record in caplog.records]
    assert told == "order 1 is damaged: its data is no JSON object"
