"""A shop whose driver serves, and a database that refuses what is written of one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from modules import emitted, load

from sagadsl.runtime import Driver, Store

SHOP = """\
saga shop {
    aggregate shop_id
    states {
        initial asked
        paid
        final sent
    }
    transitions {
        asked -> paid : pay by system
        paid -> sent : ship by system
    }
    actions {
        pay : once, probe pay_status, no undo
        ship : once, probe ship_status, no undo
    }
}
"""
TRIP = """\
saga trip {
    aggregate trip_id
    states {
        initial asked
        flying
        staying
        driving
        flown
        stayed
        driven
        final over
    }
    transitions {
        asked -> flying & staying & driving : split by system
        flying -> flown : fly by system
        staying -> stayed : stay by system
        driving -> driven : drive by system
        flown & stayed & driven -> over : close by system
    }
    actions {
        fly : once, probe fly_status, no undo
        stay : once, probe stay_status, no undo
        drive : once, probe drive_status, no undo
    }
}
"""


def made(text: str, folder: Path) -> ModuleType:
    """The module of a saga."""
    name = text.split(maxsplit=2)[1]
    path = folder / f"{name}_saga.py"
    path.write_text(emitted(Path(f"{name}.saga"), text.encode()), "utf-8")
    return load(path)


@pytest.fixture
def shop(tmp_path: Path) -> ModuleType:
    return made(SHOP, tmp_path)


@contextmanager
def serving(driver: Driver) -> Iterator[None]:
    """It serves meanwhile, and ends when it is told to, with nothing to complain of."""
    stop, ended = threading.Event(), threading.Event()

    def serve() -> None:
        driver.serve(stop)
        ended.set()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        stop.set()
    assert ended.wait(20)


def wait_until(true: Callable[[], object]) -> None:
    late = time.monotonic() + 60
    while not true():
        assert time.monotonic() < late
        time.sleep(0.05)


@contextmanager
def refused(store: Store, order: str, event: str) -> Iterator[None]:
    """The database does not take an event of an order meanwhile."""
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON saga_event"
    when = f"WHEN (NEW.aggregate_id = '{order}' AND NEW.event = '{event}')"
    if store.database.dialect.row_locks:
        store.database.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''not this one''; END'"
        )
        act = "FOR EACH ROW " + when + " EXECUTE FUNCTION refuse()"
        drop = "DROP TRIGGER refuse ON saga_event"
    else:
        act = when + " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        drop = "DROP TRIGGER refuse"
    store.database.execute(f"{refuse} {act}")
    yield
    store.database.execute(drop)
