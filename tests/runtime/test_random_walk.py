"""Random sagas, driven at random: whatever is stored is what the token game says."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from reference import Event, Record, Reference
from strategies import write_saga
from subjects import load_module, pinned_of
from world import World, pass_time

from sagadsl.emit.python import emit_python
from sagadsl.runtime import Driver, Store, open_store

KINDS = frozenset({"begin", "done", "fail", "undo", "abort", "finish"})
WORDS = ("run", "fire", "time", "resolve", "retry")
ACTS = ("", "", "", "fail", "raise", "raise late")


class Dies(BaseException):
    """The worker is killed in a handler."""


class Dice(World):
    """Handlers that throw dice; what may happen only once must not happen twice."""

    def __init__(self, failed: type[Exception], rng: Random) -> None:
        super().__init__(failed)
        self.rng = rng

    def _call(self, handler: str, context) -> object:
        if self.rng.random() < 0.2:
            raise Dies
        if handler not in self.told:
            self.told[handler] = []
        probes = handler.startswith(("probe", "ask")) or handler.endswith("_status")
        choices = ("yes", "no", "unknown") if probes else ACTS
        act = self.rng.choice(choices)
        if probes:
            return {"yes": True, "no": False, "unknown": None}[act]
        self.tell(handler, act)
        return super()._call(handler, context)


def judge(store: Store, reference: Reference, names: dict[int, str]) -> str:
    """The log is a run of the token game, and leads to the row; how far it has come."""
    rows = store.database.rows("SELECT event, step FROM saga_event ORDER BY seq")
    record = Record()
    for kind, step in rows:
        if kind in KINDS:
            event = Event(kind, names[step] if step is not None else "")
            assert reference.may(record, event), (event, rows)
            record = reference.apply(record, event)
    for lanes in store.database.rows("SELECT begun, done, closed FROM saga_process"):
        stored = [{n for s, n in names.items() if lane >> s & 1} for lane in lanes]
        assert stored == [record.begun, record.done, record.closed]
        return "under way"
    assert not rows
    return "ended"


def do(word: str, rng: Random, driver: Driver, action: str) -> None:
    if word == "run":
        driver.run()
    elif word == "fire":
        driver.fire("1", action, rng.choice(("user", "ops", "")))
    elif word == "time":
        pass_time(driver.store, rng.choice((1, 60, 4000, 90_000)))
    elif word == "resolve":
        driver.resolve("1", action, happened=rng.random() < 0.5)
    else:
        driver.retry("1", action)


def walk(seed: int, url: str, folder: Path, tally: Counter[str]) -> None:
    rng = Random(seed)
    pinned = pinned_of(write_saga(rng, 6))
    module = load_module(emit_python(pinned), folder / f"random_{seed}_saga.py")
    reference = Reference(pinned.saga)
    names = {position: name for name, position in pinned.positions.items()}
    actions = sorted({rule.action for rule in module.LATEST.rules})
    abort = [module.LATEST.abort.name] if module.LATEST.abort else []
    with open_store(url) as store, Driver(module, Dice(module.Failed, rng), store) as d:
        for table in ("process", "event", "tombstone"):
            store.database.execute(f"DELETE FROM saga_{table}")
        d.start("1")
        for _ in range(40):
            word = rng.choice(("run", "run", "fire", "fire", "fire", *WORDS))
            try:
                do(word, rng, d, rng.choice(actions + abort))
                tally[word] += 1
            except Dies:
                tally["killed"] += 1
            if judge(store, reference, names) == "ended":
                tally["ended"] += 1
                return


def test_what_is_stored_is_a_run_of_the_token_game(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "sagadsl.runtime")
    tally: Counter[str] = Counter()
    for seed in range(60):
        walk(seed, url, tmp_path, tally)
    assert min(tally.values()) > 5, tally


@pytest.mark.slow
def test_the_same_of_many(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "sagadsl.runtime")
    tally: Counter[str] = Counter()
    for seed in range(1000, 4000):
        walk(seed, f"sqlite:///{tmp_path}/many.db", tmp_path, tally)
    assert tally["ended"] > 500, tally
