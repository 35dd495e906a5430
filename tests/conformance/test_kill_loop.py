"""The worker is killed again and again: what is `once` happens once."""

from __future__ import annotations

import pytest
from kill_loop import loop, placed
from restate_server import RestateServer

SQLITE = {"url": "sqlite:///{folder}/store.db"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["embedded", "dbos", "restate"])
def test_nothing_happens_twice_or_is_lost(
    kind: str, request: pytest.FixtureRequest
) -> None:
    options = SQLITE
    if kind == "restate":
        server: RestateServer = request.getfixturevalue("restate_server")
        options = server.options
    with placed(kind, options) as backend:
        tally = loop(backend, sagas=40, kills=10, seed=7)
    assert tally.kills == 10
    assert (tally.twice, tally.lost, tally.unfinished) == (0, 0, 0)


@pytest.mark.slow
def test_nothing_happens_twice_where_the_server_is_killed(
    restate_server: RestateServer,
) -> None:
    """Its worker lives, and what it does meanwhile is not done again."""
    with placed("restate", restate_server.options) as backend:
        tally = loop(backend, sagas=20, kills=5, seed=7, server=restate_server)
    assert (tally.kills, backend.kills) == (5, 0)
    assert (tally.twice, tally.lost, tally.unfinished) == (0, 0, 0)


@pytest.mark.slow
def test_the_loop_counts_what_happens_twice() -> None:
    """A saga written by hand does: so the loop kills where it matters."""
    with placed("naive-dbos", SQLITE) as backend:
        tally = loop(backend, sagas=40, kills=10, seed=7)
    assert tally.twice > 0
