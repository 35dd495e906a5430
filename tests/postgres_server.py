"""A PostgreSQL server for the tests, from the wheel; each test gets a fresh database.

Every worker of pytest-xdist has a server of its own. With `--postgres 16` it is of the
older version in the wheel.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from own_postgres import HASTY, VERSIONS, Server, server

_NUMBERS = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "the version of PostgreSQL"
    one_of = {"choices": VERSIONS, "default": VERSIONS[0]}
    parser.addoption("--postgres", type=int, help=about, **one_of)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running server."""
    with server(request.config.getoption("--postgres"), HASTY) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_database(postgres_server: Server) -> str:
    """The URL of a database that the tests of one session share."""
    return postgres_server.database(f"shared_{next(_NUMBERS)}")


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """The URL of an empty database, dropped after the test."""
    name = f"test_{next(_NUMBERS)}"
    yield postgres_server.database(name)
    postgres_server.drop(name)
