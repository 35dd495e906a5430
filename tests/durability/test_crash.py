"""Whenever a process is killed, others bring what it began to the right end."""

from __future__ import annotations

import pytest
from courses import COURSES
from kills import Kill

SQLITE = "sqlite:///FOLDER/orders.db"
SHORT = ("called_off", "packing_fails", "expired")


def test_killed_at_some_points_on_sqlite(kill: Kill) -> None:
    told = kill("crash.py", SQLITE, *COURSES, "--every", 53)
    assert all(one["kills"] >= one["points"] // 53 for one in told)


def test_killed_at_some_points_on_postgres(kill: Kill, postgres_url: str) -> None:
    told = kill("crash.py", postgres_url, *COURSES, "--every", 113)
    assert all(one["kills"] >= one["points"] // 113 for one in told)


def test_killed_again_in_the_recovery(kill: Kill, postgres_url: str) -> None:
    kill("crash.py", SQLITE, *SHORT, "--every", 997, "--again", 17)
    kill("crash.py", postgres_url, SHORT[0], "--every", 997, "--again", 23)


@pytest.mark.slow
@pytest.mark.parametrize("course", COURSES)
def test_killed_at_every_point(kill: Kill, course: str, postgres_url: str) -> None:
    for url in (SQLITE, postgres_url):
        (told,) = kill("crash.py", url, course)
        assert told["kills"] >= told["points"] - 1


@pytest.mark.slow
@pytest.mark.parametrize("course", COURSES)
def test_killed_twice_at_all_that_differ(kill: Kill, course: str) -> None:
    again = 1 if course in SHORT else 3
    kill("crash.py", SQLITE, course, "--every", 997, "--again", again)


@pytest.mark.slow
@pytest.mark.parametrize("course", COURSES)
def test_killed_twice_on_postgres(kill: Kill, course: str, postgres_url: str) -> None:
    kill("crash.py", postgres_url, course, "--every", 997, "--again", 7)
