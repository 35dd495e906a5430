"""The SQL script of a saga: triggers that guard its rows, views and indexes to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sagadsl.emit.jinja import render
from sagadsl.emit.sqlchecks import COMMITTED, laid_out, triggers
from sagadsl.emit.sqlnames import column_names, quoted, table_name
from sagadsl.machine.guards import Guards
from sagadsl.model import Pinned
from sagadsl.sql import (
    SCHEMA_VERSION,
    Dialect,
    any_of,
    by_version,
    held_guard,
    schema,
)

OWN = [
    "aggregate_id",
    "version",
    "held",
    "doubtful",
    "failed",
    "undone",
    "running",
    "in_doubt",
    "aborting",
    "overdue",
    "waiting",
    "parked",
    "stuck",
    "started",
    "deadline",
    "due",
    "lease",
    "worker",
]
TIMES = ("started", "deadline", "due", "lease", "time")
RUNNING = "control < 2"
DOUBT = "begun & ~done & ~closed"
IN_DOUBT = f"({DOUBT}) <> 0"
LISTS = {
    "doubtful": DOUBT,
    "failed": "closed & ~done",
    "undone": "done & closed",
    "parked": "parked",
    "stuck": "stuck",
}


class _Column(NamedTuple):
    """A column that says yes or no, and when it says yes."""

    name: str
    holds: list[str]
    word: str


class _List(NamedTuple):
    """A column that lists names, and when each is in it."""

    name: str
    words: list[tuple[str, str]]


class _Index(NamedTuple):
    """A partial index over the processes of the saga, by a time."""

    name: str
    time: str
    holds: list[str]


def emit_sql(pinned: Pinned, dialect: Dialect) -> str:
    """The text of `<saga>.<dialect>.sql`, which may be run again at any time.

    Every step must have a position that a column can hold.
    """
    saga = pinned.saga.name
    guards = {v.number: v.machine().guards for v in pinned.versions}
    names = _step_names(guards)
    states = _states(guards)
    named = column_names(OWN, [*names.values(), *(f"in_{state}" for state in states)])
    held = [
        _Column(quoted(named[f"in_{state}"]), laid_out(holds), state)
        for state, holds in states.items()
    ]
    done = [
        _Column(quoted(named[name]), [f"(done & {1 << at}) <> 0"], name)
        for at, name in names.items()
    ]
    return render(
        f"saga.{dialect.name}.sql.jinja",
        origin=f"{saga}.saga",
        saga=saga,
        schema=schema(dialect),
        schema_version=SCHEMA_VERSION,
        triggers=triggers(saga, guards, dialect),
        committed=COMMITTED,
        name=lambda part: quoted(table_name(f"{saga}${part}")),
        process_view=quoted(table_name(f"{saga}_process")),
        event_view=quoted(table_name(f"{saga}_event")),
        held=held,
        done=done,
        lists=[_list(name, word, names) for name, word in LISTS.items()],
        steps=names,
        running=RUNNING,
        doubt=DOUBT,
        in_doubt=IN_DOUBT,
        now=dialect.read_now,
        times={name: dialect.time.format(name) for name in TIMES},
        indexes=list(_indexes(saga, held, pinned)),
    )


def _step_names(guards: Mapping[int, Guards]) -> dict[int, str]:
    """The newest name of each position, also of steps that only old versions have."""
    names: dict[int, str] = {}
    for version in guards.values():
        names |= {plan.rule.step: plan.rule.name for plan in version.plans}
    return dict(sorted(names.items()))


def _states(guards: Mapping[int, Guards]) -> dict[str, str]:
    """When each state is held, in whatever round; those of the newest version first."""
    held: dict[str, dict[int, list[str]]] = {}
    for number, version in reversed([*guards.items()]):
        for place in version.places:
            rounds = held.setdefault(place.state, {}).setdefault(number, [])
            rounds.append(held_guard(place))
    return {
        state: by_version({n: any_of(ways) for n, ways in reversed(found.items())})
        for state, found in held.items()
    }


def _list(name: str, word: str, steps: Mapping[int, str]) -> _List:
    return _List(
        name, [(step, f"({word} & {1 << at}) <> 0") for at, step in steps.items()]
    )


def _indexes(saga: str, held: Iterable[_Column], pinned: Pinned) -> Iterator[_Index]:
    """One for each question; who has come to an end does not stay there."""

    def index(part: str, time: str, holds: list[str]) -> _Index:
        return _Index(quoted(table_name(f"{saga}${part}")), time, holds)

    yield index("running", "started", [RUNNING])
    yield index("in_doubt", "started", [IN_DOUBT])
    yield index("overdue", "deadline", ["deadline > 0"])
    ends = {
        state
        for version in pinned.versions
        for state, kind in version.rows.states.items()
        if kind.startswith("final")
    }
    for column in held:
        if column.word not in ends:
            yield index(f"held${column.word}", "started", column.holds)
