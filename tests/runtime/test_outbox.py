"""Delivery of the outbox: at least once, of each process in its order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import order_saga
import pytest
from world import World, outbox, paid, pass_time

from sagadsl.runtime import Driver, Message, Store, attend, open_store


def ended(driver: Driver, *orders: str) -> None:
    """Orders that were paid and called off: each told of by an abort and an end."""
    for order in orders:
        paid(driver, order)
        driver.abort(order)
    driver.run()


def told(messages: list[Message]) -> list[str]:
    return [f"{message.aggregate_id} {message.event}" for message in messages]


def test_what_has_happened_is_delivered_once_and_in_order(
    driver: Driver, store: Store
) -> None:
    ended(driver, "1", "2")
    sent: list[Message] = []
    assert driver.deliver(sent.append) == 4
    assert sorted(told(sent)) == ["1 abort", "1 finish", "2 abort", "2 finish"]
    assert [m.id for m in sent] == sorted(m.id for m in sent)
    assert outbox(store) == []
    assert driver.deliver(sent.append) == 0
    (finish,) = [m for m in sent if m.event == "finish" and m.aggregate_id == "1"]
    assert (finish.saga, finish.step, finish.note) == ("order", "", "compensated")


def test_a_message_names_its_step(driver: Driver, world: World) -> None:
    world.tell("make_payment", "raise")
    world.tell("payment_status", "unknown")
    driver.start("42")
    driver.fire("42", "check_out", by="user")
    driver.fire("42", "make_payment", by="user")
    pass_time(driver.store, 60)
    driver.run()
    sent: list[Message] = []
    driver.deliver(sent.append)
    assert [(m.event, m.step) for m in sent] == [("parked", "make_payment")]


def test_one_that_cannot_be_sent_holds_back_only_what_follows_it(
    driver: Driver, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "sagadsl.runtime")
    ended(driver, "1", "2", "3")
    sent: list[Message] = []

    def send(message: Message) -> None:
        if message.aggregate_id == "2" and not works:
            raise OSError("no route")
        sent.append(message)

    works = False
    assert driver.deliver(send) == 4
    assert outbox(store) == ["2 abort", "2 finish"]
    assert "was not sent" in caplog.text
    works = True
    assert driver.deliver(send) == 0, "it is not sent again before its pause"
    time.sleep(1.1)
    assert driver.deliver(send) == 2
    assert told(sent)[-2:] == ["2 abort", "2 finish"]


def test_a_receiver_that_is_down_is_not_asked_for_every_message(
    driver: Driver, store: Store
) -> None:
    orders = [str(number) for number in range(30)]
    ended(driver, *orders)
    tried: list[str] = []
    sent: list[Message] = []

    def send(message: Message) -> None:
        if len(tried) < 10 or message.aggregate_id in tried:
            tried.append(message.aggregate_id)
            raise OSError("down")
        sent.append(message)

    assert driver.deliver(send) == 0
    assert len(tried) == 10
    time.sleep(1.1)
    assert driver.deliver(send) == 0, "ten fail again: it may still be down"
    time.sleep(1.1)
    assert driver.deliver(send) == 40, "they wait for longer, and hold up no other"
    assert {m.aggregate_id for m in sent} == {*orders} - {*tried}


def test_an_async_function_may_send(driver: Driver) -> None:
    ended(driver, "1")
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    assert driver.deliver(send) == 2
    assert told(sent) == ["1 abort", "1 finish"]


def test_what_sends_is_called_outside_of_transactions(
    driver: Driver, store: Store, world: World
) -> None:
    """Another writer does not wait for it; SQLite has room for one."""
    ended(driver, "1")
    started: list[bool] = []

    def send(message: Message) -> None:
        def start() -> None:
            with Driver(order_saga, world, store) as other:
                started.append(other.start(f"from {message.id}").accepted)

        thread = threading.Thread(target=start)
        thread.start()
        thread.join(timeout=10)

    driver.deliver(send)
    assert started == [True, True]


def test_the_events_that_are_published_can_be_chosen(
    store: Store, world: World
) -> None:
    sent: list[Message] = []
    with Driver(order_saga, world, store, publish={"start", "done"}) as driver:
        paid(driver, "1")
        driver.deliver(sent.append)
    steps = [(m.event, m.step) for m in sent]
    done = [("done", "check_out"), ("done", "make_payment")]
    assert steps == [("start", ""), *done]
    with Driver(order_saga, world, store, publish=()) as driver:
        ended(driver, "2")
    assert outbox(store) == []
    with pytest.raises(ValueError, match="'ended'"):
        Driver(order_saga, world, store, publish={"ended"})


def test_a_worker_that_serves_delivers_and_forgets(
    driver: Driver, store: Store
) -> None:
    ended(driver, "old")
    store.database.execute("UPDATE saga_tombstone SET forget = 1")
    paid(driver, "1")
    driver.abort("1")
    sent: list[Message] = []
    stop = threading.Event()
    thread = threading.Thread(
        target=driver.serve, args=(stop,), kwargs={"send": sent.append, "poll": 0.02}
    )
    thread.start()
    limit = time.monotonic() + 20
    while len(sent) < 4 and time.monotonic() < limit:
        time.sleep(0.02)
    stop.set()
    thread.join()
    assert sorted(told(sent)) == ["1 abort", "1 finish", "old abort", "old finish"]
    rows = store.database.rows("SELECT aggregate_id FROM saga_tombstone")
    assert rows == [("1",)]


def test_a_worker_that_is_stopped_does_not_empty_the_outbox_first(
    driver: Driver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends for a moment, and leaves the rest: a receiver may be slow."""
    monkeypatch.setattr(attend, "LAST", 0.2)
    ended(driver, *map(str, range(30)))
    sent: list[Message] = []
    stop = threading.Event()

    def send(message: Message) -> None:
        sent.append(message)
        if len(sent) > 3:
            stop.set()
            time.sleep(0.1)

    driver.serve(stop, poll=0.02, send=send)
    assert 4 <= len(sent) < 20
    left = outbox(store)
    assert len(left) == 60 - len(sent)
    assert driver.deliver(sent.append) == len(left)


def test_two_relays_share_the_work_and_send_nothing_twice(
    driver: Driver, store: Store, world: World
) -> None:
    orders = [str(number) for number in range(40)]
    ended(driver, *orders)
    sent: list[Message] = []
    drivers = [Driver(order_saga, world, store) for _ in range(4)]

    def send(message: Message) -> None:
        time.sleep(0.001)
        sent.append(message)

    def deliver(one: Driver) -> None:
        for _ in range(20):
            one.deliver(send)

    threads = [threading.Thread(target=deliver, args=(one,)) for one in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told(sent)) == len(set(told(sent))) == 80
    for order in orders:
        own = [m.event for m in sent if m.aggregate_id == order]
        assert own == ["abort", "finish"]
    for one in drivers:
        one.close()


def test_one_that_was_thought_dead_sends_no_further(
    driver: Driver, store: Store, world: World
) -> None:
    """Another has taken over while it was stopped in the middle of a message."""
    ended(driver, "1", "2")
    first: list[Message] = []
    second: list[Message] = []

    def slow(message: Message) -> None:
        first.append(message)
        store.database.execute("UPDATE saga_relay SET lease = 1")
        with Driver(order_saga, world, store) as other:
            other.deliver(second.append)
        time.sleep(0.15)

    with Driver(order_saga, world, store, lease=0.2) as zombie:
        zombie.deliver(slow)
    assert len(first) == 1
    assert len(second) == 4
    assert outbox(store) == []


SENDER = """\
import sys, time
import order_saga
from world import World
from sagadsl.runtime import Driver, open_store

def send(message):
    with open(sys.argv[2], "a") as file:
        file.write(f"{message.id} {message.aggregate_id} {message.event}\\n")
    time.sleep(0.01)

with open_store(sys.argv[1]) as store:
    with Driver(order_saga, World(), store, lease=0.4) as driver:
        while True:
            driver.deliver(send)
            time.sleep(0.01)
"""


def test_a_kill_loses_no_message(driver: Driver, url: str, tmp_path: Path) -> None:
    """Two that relay are killed again and again, each at any point."""
    orders = [str(number) for number in range(60)]
    ended(driver, *orders)
    path = tmp_path / "received"
    path.touch()
    here = [str(Path(__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(here)}
    command = [sys.executable, "-c", SENDER, url, str(path)]
    limit = time.monotonic() + 60
    with open_store(url) as store:
        while outbox(store) and time.monotonic() < limit:
            both = [subprocess.Popen(command, env=environment) for _ in range(2)]
            size = path.stat().st_size
            while path.stat().st_size == size and time.monotonic() < limit:
                time.sleep(0.05)  # a busy machine takes its time to begin
            time.sleep(0.3)
            for one in both:
                one.send_signal(signal.SIGKILL)
                one.wait()
        assert outbox(store) == []
    received = [line.split() for line in path.read_text().splitlines()]
    for order in orders:
        own = [(int(number), event) for number, key, event in received if key == order]
        assert {event for _, event in own} == {"abort", "finish"}
        highest = 0
        fresh = []
        for number, event in own:  # as a receiver does that passes over what it knows
            if number > highest:
                fresh.append(event)
                highest = number
        assert fresh == ["abort", "finish"]
