"""What the triggers of a saga refuse: which change of a row, on which condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from textwrap import wrap
from typing import NamedTuple

from sagadsl.machine.guards import Guards
from sagadsl.sql import (
    LANES,
    MARKS,
    NOTES,
    OF_ALL,
    OF_STEPS,
    POSTGRES,
    SQLITE,
    Dialect,
    by_version,
    move_guard,
    upgrade_guard,
)

WIDTH = 76
TABLES = {"": "saga_process", "log": "saga_event", "tombstone": "saga_tombstone"}
COMMITTED = "current_setting('transaction_isolation') = 'read committed'"
GUARDED = ("saga", "aggregate_id", "version", *LANES, "seq", "started")


class Check(NamedTuple):
    """What must hold, as lines of SQL, and what is said where it does not."""

    refusal: str
    holds: list[str]


class Trigger(NamedTuple):
    """The checks of one kind of change.

    `row` is the one whose process is named, `returns` the one that goes on.
    """

    name: str
    fires: str
    concerns: str
    row: str
    returns: str
    checks: list[Check]


def triggers(
    saga: str, guards: Mapping[int, Guards], dialect: Dialect
) -> list[Trigger]:
    """The triggers of a saga with these versions."""
    kept = [_check("a log is only appended to", "1 = 0")]
    fixed = [_check("a tombstone stays as it is", "1 = 0")]
    return [
        _trigger("insert", saga, dialect, _starts(guards, dialect)),
        _trigger("update", saga, dialect, _moves(guards)),
        _trigger("upgrade", saga, dialect, _upgrades(guards)),
        _trigger("delete", saga, dialect, _ends(dialect)),
        _trigger("log_insert", saga, dialect, _rows(guards, dialect)),
        _trigger("log_update", saga, dialect, kept),
        _trigger("log_delete", saga, dialect, _purges()),
        _trigger("tombstone_insert", saga, dialect, _burials(dialect)),
        _trigger("tombstone_update", saga, dialect, fixed),
        _trigger("tombstone_delete", saga, dialect, _forgets(dialect)),
    ]


def _trigger(name: str, saga: str, dialect: Dialect, checks: list[Check]) -> Trigger:
    """A trigger by its name, which tells the table and the kind of change.

    In SQLite the rows of processes are judged as they have become: until then
    `OR REPLACE` may still put a default where there is a NULL. There a statement is
    compiled with the triggers of the columns that it sets, and they are long.
    """
    of, _, part = name.rpartition("_")
    table = TABLES[of]
    action = "UPDATE" if part == "upgrade" else part.upper()
    row = "NEW" if action == "INSERT" else "OLD"
    returns = "OLD" if action == "DELETE" else "NEW"
    when = "BEFORE"
    concerns = f"{row}.saga = '{saga}'"
    if action == "UPDATE":
        concerns = f"'{saga}' IN (OLD.saga, NEW.saga)"
    if table == "saga_process" and (
        action == "INSERT" or (dialect is SQLITE and action == "UPDATE")
    ):
        # An insert may have waited for one that ends, which is seen only after it.
        when = "AFTER"
    columns = {"update": GUARDED, "upgrade": ("version",)}.get(name)
    if columns and dialect is SQLITE:
        action += f" OF {', '.join(columns)}"
    elif columns:
        before, after = (
            f"({', '.join(f'{row}.{column}' for column in columns)})"
            for row in ("OLD", "NEW")
        )
        concerns = f"{concerns} AND {before} IS DISTINCT FROM {after}"
    return Trigger(name, f"{when} {action} ON {table}", concerns, row, returns, checks)


def _starts(guards: Mapping[int, Guards], dialect: Dialect) -> list[Check]:
    zero = _all([f"NEW.{lane} = 0" for lane in LANES] + ["NEW.seq = 1"])
    # Also where it is over: what ends needs the place for a tombstone of its own.
    buried = _exists("saga_tombstone", "NEW")
    checks = [
        *_committed(dialect, "a process is started in READ COMMITTED"),
        _known("NEW.version IN", guards),
        _check("a process starts with nothing done and `seq` 1", zero),
        _check("it has ended, and its tombstone is still there", f"NOT {buried}"),
    ]
    if dialect is SQLITE:
        # There `INSERT OR REPLACE` deletes the process that runs, without a trigger.
        running = _exists("saga_event", "NEW")
        checks.append(_check("it is already running", f"NOT {running}"))
    return checks


def _moves(guards: Mapping[int, Guards]) -> list[Check]:
    fallen = " | ".join(f"(OLD.{lane} & ~NEW.{lane})" for lane in LANES)
    resting = "NEW.seq = OLD.seq"
    counted = f"NEW.seq = OLD.seq + 1 OR ({resting} AND {_same(('version', *LANES))})"
    logged = _exists("saga_event", "OLD", "seq = OLD.seq")
    one = f"{resting} OR NEW.version <> OLD.version OR {_moving(guards)}"
    return [
        _check("its id and its start never change", _same(GUARDED[:2] + GUARDED[-1:])),
        _check("what has happened is not taken back", f"({fallen}) = 0"),
        _check("each change is a row of its log, which `seq` counts", counted),
        _check("the change before is not yet in its log", f"{resting} OR {logged}"),
        _known(f"{resting} OR NEW.version IN", guards),
        _check("this is not one event that may happen to it now", one),
    ]


def _upgrades(guards: Mapping[int, Guards]) -> list[Check]:
    to = f"NEW.version = OLD.version OR {_upgrading(guards)}"
    return [
        _known("NEW.version IN", guards),
        _check("it may not move to this version", to),
    ]


def _moving(guards: Mapping[int, Guards]) -> str:
    moves = {number: move_guard(version) for number, version in guards.items()}
    return by_version(moves, "OLD.version")


def _upgrading(guards: Mapping[int, Guards]) -> str:
    """From each version to each later one."""
    upgrades: dict[int, dict[int, str]] = {}
    for old, new in combinations(guards, 2):
        guard = upgrade_guard(old, guards[old], guards[new])
        upgrades.setdefault(old, {})[new] = guard
    arrivals = {old: by_version(to, "NEW.version") for old, to in upgrades.items()}
    return by_version(arrivals, "OLD.version")


def _ends(dialect: Dialect) -> list[Check]:
    return [
        *_committed(dialect, "a process is deleted in READ COMMITTED"),
        _check("only a finished process is deleted", "(OLD.control & 2) <> 0"),
        _check("what ends leaves a tombstone", _exists("saga_tombstone", "OLD")),
        _check("its log is deleted first", f"NOT {_exists('saga_event', 'OLD')}"),
    ]


def _rows(guards: Mapping[int, Guards], dialect: Dialect) -> list[Check]:
    words = (
        f"CASE WHEN NEW.event IN {_words(OF_STEPS)} THEN NEW.step IS NOT NULL"
        f" WHEN NEW.event IN {_words((*OF_ALL, *MARKS))} THEN NEW.step IS NULL"
        f" ELSE NEW.event IN {_words(NOTES)} END"
    )
    steps = {
        number: f"NEW.step IN {_listed(sorted(p.rule.step for p in version.plans))}"
        for number, version in guards.items()
    }
    step = f"NEW.step IS NULL OR {by_version(steps, 'NEW.version')}"
    last = f"coalesce({_one('max(seq)', 'saga_event', 'NEW')}, 0)"
    come = _one("seq", "saga_process", "NEW")
    if dialect.row_locks:
        # Who deletes the process waits until this row can be seen.
        come = f"{come[:-1]} FOR KEY SHARE)"
    return [
        _known("NEW.version IN", guards),
        _check("a log has no such event", words),
        _check("its version has no such step", step),
        _check("the rows of a log have no gap", f"NEW.seq = 1 + {last}"),
        _check("its process has not come to this row of the log", f"NEW.seq = {come}"),
    ]


def _purges() -> list[Check]:
    live = _exists("saga_process", "OLD", "(control & 2) = 0")
    # What has finished and has neither log nor tombstone could be replaced in SQLite.
    told = f"NOT {_exists('saga_process', 'OLD')} OR {_exists('saga_tombstone', 'OLD')}"
    return [
        _check("a log is kept until its process has finished", f"NOT {live}"),
        _check("a log is kept until there is a tombstone", told),
    ]


def _burials(dialect: Dialect) -> list[Check]:
    live = _exists("saga_process", "NEW", "(control & 2) = 0")
    remembered = _exists("saga_tombstone", "NEW", f"forget > {dialect.now}")
    checks = [
        *_committed(dialect, "a tombstone is made in READ COMMITTED"),
        _check("its process has not finished", f"NOT {live}"),
        _check("it has ended and is still remembered", f"NOT {remembered}"),
    ]
    if dialect is SQLITE:
        # `OR REPLACE` makes the empty id of it, after the trigger.
        checks.append(_check("a tombstone has an id", "NEW.aggregate_id IS NOT NULL"))
    return checks


def _forgets(dialect: Dialect) -> list[Check]:
    over = f"OLD.forget <= {dialect.now}"
    return [_check("what has ended is remembered until its time", over)]


def _committed(dialect: Dialect, refusal: str) -> list[Check]:
    """That others are seen as they are now: a snapshot may be from before they began
    or ended, or from before the last row of a log.
    """
    return [_check(refusal, COMMITTED)] if dialect is POSTGRES else []


def _known(version_in: str, guards: Mapping[int, Guards]) -> Check:
    return _check("its version is not known", f"{version_in} {_listed(guards)}")


def _one(value: str, table: str, row: str) -> str:
    """What another table says of the process of a row."""
    of_one = f"saga = {row}.saga AND aggregate_id = {row}.aggregate_id"
    return f"(SELECT {value} FROM {table} WHERE {of_one})"


def _exists(table: str, row: str, also: str = "") -> str:
    found = _one("1", table, row)
    return f"EXISTS {found[:-1]} AND {also})" if also else f"EXISTS {found}"


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions)


def _same(columns: Iterable[str]) -> str:
    return _all(f"NEW.{column} = OLD.{column}" for column in columns)


def _listed(numbers: Iterable[int]) -> str:
    return f"({', '.join(map(str, numbers))})"


def _words(words: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def _check(refusal: str, holds: str) -> Check:
    return Check(refusal, laid_out(holds))


def laid_out(sql: str) -> list[str]:
    """An expression over several lines, the cases of a CASE below each other.

    Where it is broken there is white space already, and no text in quotes has any.
    """
    lines: list[str] = []
    depth = 0
    for part in re.split(r" (?=WHEN |ELSE )", sql):
        hang = "    " * depth
        lines += wrap(
            part,
            WIDTH,
            initial_indent=hang,
            subsequent_indent=f"{hang}    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        words = re.findall(r"\b(?:CASE|END)\b", part)
        depth += words.count("CASE") - words.count("END")
    return lines
