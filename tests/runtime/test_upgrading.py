"""Processes under way when the saga changes: each by its version, moved if allowed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from modules import emitted, load
from sound import WITHOUT_SCENARIOS, edited
from world import World, outcome

from sagadsl.driver import compile_saga, release_text
from sagadsl.runtime import Driver, Outcome, Store, open_store

EDITS = Path(__file__).parents[1] / "proofs" / "edits"


def versions(name: str, tmp_path: Path) -> tuple[ModuleType, ModuleType]:
    """The sound saga, and what an edit makes of it: a module with both versions."""
    first, findings = compile_saga("sound.saga", WITHOUT_SCENARIOS.encode(), None)
    assert first, findings
    lock = release_text(first).encode()
    text = edited(WITHOUT_SCENARIOS, (EDITS / f"{name}.edit").read_text("utf-8"))
    modules = []
    for stem, data in (("old", WITHOUT_SCENARIOS), ("new", text)):
        path = tmp_path / f"{stem}_{name}.py"
        path.write_text(emitted(Path("sound.saga"), data.encode(), lock), "utf-8")
        modules.append(load(path))
    return modules[0], modules[1]


def drive(driver: Driver, world: World, most: int = 1000) -> bool:
    """Take at most so many steps that an actor may take; whether it has ended."""
    for _ in range(most):
        driver.run()
        found = driver.processes.load("42")
        if found is None:
            return True
        version = driver.saga.versions[found[0].version]
        open_now = [
            step
            for step in version.steps.values()
            if not step.automatic and not step.delay
            if version.may(found[0].record, "begin", step)
        ]
        if not open_now:
            return False
        actors = open_now[0].actors
        result = driver.fire("42", open_now[0].action, by=actors[0] if actors else "")
        assert result.accepted, result
    return False


@pytest.mark.parametrize(
    "name", ["insert_and_waive", "insert_before_the_pivot", "insert_after_the_pivot"]
)
def test_a_process_is_moved_where_that_is_allowed_and_ends_with_each_effect_once(
    name: str, tmp_path: Path
) -> None:
    """From each place of its way: moved or not, it ends, and nothing happens twice."""
    old, new = versions(name, tmp_path)
    moved = stayed = 0
    for place in range(20):
        with open_store(f"sqlite:///{tmp_path}/{name}_{place}.db") as store:
            world = World(old.Failed)
            with Driver(old, world, store) as driver:
                driver.start("42")
                if drive(driver, world, place):
                    break
            world.failed = new.Failed
            with Driver(new, world, store) as driver:
                result = driver.upgrade("42")
                moved += result.accepted
                stayed += not result.accepted
                assert drive(driver, world)
            assert outcome(store, "42")
            ((version,),) = store.database.rows("SELECT version FROM saga_tombstone")
            assert version == (2 if result.accepted else 1)
            assert max(world.effects.values()) == 1
            assert set(world.effects) <= set(world.calls)
    assert moved
    assert moved + stayed == place


def test_an_unknown_version_is_left_alone(tmp_path: Path, store: Store) -> None:
    old, new = versions("insert_before_the_pivot", tmp_path)
    with Driver(new, World(new.Failed), store) as driver:
        driver.start("42")
    before = store.database.rows("SELECT * FROM saga_process")
    with Driver(old, World(old.Failed), store) as driver:
        driver.run()
        for result in (driver.fire("42", "check_out", by="user"), driver.abort("42")):
            assert result.outcome is Outcome.REFUSED
            assert result.reason == "version 2 of sound is not known here"
    assert store.database.rows("SELECT * FROM saga_process") == before


def test_what_has_moved_is_in_the_log(tmp_path: Path, store: Store) -> None:
    old, new = versions("insert_and_waive", tmp_path)
    world = World(old.Failed)
    with Driver(old, world, store) as driver:
        driver.start("42")
        while driver.fire("42", "leave_depot", by="courier").accepted is False:
            drive(driver, world, 1)
    with Driver(new, world, store) as driver:
        assert driver.upgrade("42").accepted
        assert driver.upgrade("42").outcome is Outcome.ALREADY_DONE
        assert driver.upgrade("42", to=9).reason == "sound has no version 9"
        rows = store.database.rows(
            "SELECT event, version FROM saga_event ORDER BY seq DESC LIMIT 2"
        )
        assert rows == [("waive", 2), ("upgrade", 2)]
        assert driver.processes.load("42")
