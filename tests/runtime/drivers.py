"""A store of each kind, and a driver of orders on it."""

from __future__ import annotations

from collections.abc import Iterator

import order_saga
import pytest
from world import World

from sagadsl.runtime import Driver, Store, open_store


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/orders.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def driver(store: Store, world: World) -> Iterator[Driver]:
    with Driver(order_saga, world, store) as made:
        yield made
