"""One process of a store, living or ended, told in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sagadsl.cli.grid import Cell, Column, grid, painted, room
from sagadsl.cli.records import Undo, names_of, to_undo, written
from sagadsl.cli.stores import Known
from sagadsl.cli.words import COLORS, as_data, moment, span, standing, waits_for
from sagadsl.diagnostics.cells import visible
from sagadsl.machine import Record
from sagadsl.runtime.database import Database
from sagadsl.runtime.ended import Ended, find_ended
from sagadsl.runtime.listing import Listed, why_damaged
from sagadsl.runtime.process import Log, Row

STEPS = (Column("STEP"), Column("IS"), Column("SINCE (UTC)"), Column("ATTEMPT"))
LOG = (
    Column("ROW"),
    Column("TIME (UTC)"),
    Column("EVENT"),
    Column("STEP"),
    Column("ATTEMPT", wide=90),
    Column("BY"),
    Column("NOTE", flexible=True),
)
_STATES = {
    "done": ("done", "green"),
    "in_doubt": ("in doubt", "yellow"),
    "failed": ("failed", "red"),
    "compensated": ("taken back", ""),
    "allowed": ("may begin", "cyan"),
}


class Portrait(NamedTuple):
    """A process: `listed` if it lives, `ended` if it has; and what is wrong with it."""

    known: Known
    aggregate_id: str
    now: int
    version: int
    lanes: tuple[int, ...]
    rows: tuple[Row, ...]
    data: str
    listed: Listed | None
    ended: Ended | None
    damage: str


def portrait_of(database: Database, known: Known, aggregate_id: str) -> Portrait | None:
    """A process as it is now, or what is kept of it."""
    now = database.now()
    if found := known.listing.find(aggregate_id):
        listed, rows = found
        process = listed.process
        damage = why_damaged(process, Log(rows), known.saga)
        told = (process.version, tuple(process.record), tuple(rows), process.data)
        return Portrait(known, aggregate_id, now, *told, listed, None, damage)
    ended = find_ended(database, known.name, aggregate_id)
    if ended is None:
        return None
    told = (ended.version, ended.lanes, ended.log, ended.data)
    version, record = known.version(ended.version), Record(*ended.lanes)
    damage = ended.damage or str(
        version.machine().why_invalid(record) if version else ""
    )
    return Portrait(known, aggregate_id, now, *told, None, ended, damage)


def lines_of(portrait: Portrait) -> list[str]:
    """What people are shown."""
    lines = [_headline(portrait)]
    for label, text in _facts(portrait):
        if text:
            color = "red" if label == "damaged" else ""
            lines.append(f"  {label + ':':<13}{painted(visible(text), color)}")
    for columns, rows in ((STEPS, _steps(portrait)), (LOG, _log(portrait))):
        if rows:
            lines += ["", *grid(columns, rows, room())]
    return lines


def plain_of(portrait: Portrait) -> dict[str, object]:
    """What programs are given; times are in milliseconds since 1970."""
    known, ended = portrait.known, portrait.ended
    about: dict[str, object]
    if portrait.listed:
        about = as_data(portrait.listed, known)
    else:
        assert ended is not None
        about = {
            "saga": known.name,
            "id": portrait.aggregate_id,
            "process": "ended",
            "version": ended.version,
            "record": [f"{word:#x}" for word in ended.lanes],
            "outcome": ended.outcome,
            "started": ended.started,
            "ended": ended.ended,
            "forget": ended.forget,
        }
    names = {row.step: _step_name(portrait, row.step) for row in portrait.rows}
    log = [{**row._asdict(), "step": names[row.step]} for row in portrait.rows]
    return {
        **about,
        **_meaning(portrait),
        "undo": [each._asdict() for each in _undo(portrait)],
        "data": portrait.data,
        "damage": portrait.damage,
        "log": log,
    }


def _headline(portrait: Portrait) -> str:
    found = portrait.known.version(portrait.version)
    draft = " (draft)" if found and not found.released else ""
    if portrait.damage:
        word, color = "damaged", "red"
    elif portrait.listed:
        condition = portrait.listed.condition
        word, color = str(condition), COLORS[condition]
    else:
        word, color = f"ended, {portrait.ended and portrait.ended.outcome}", ""
    name = visible(f"{portrait.known.name} {portrait.aggregate_id}")
    told = painted(visible(word), color)
    return f"{name}, version {portrait.version}{draft}: {told}"


def _facts(portrait: Portrait) -> Iterator[tuple[str, str]]:
    meaning, now = _meaning(portrait), portrait.now
    yield "damaged", portrait.damage
    if portrait.listed:
        process = portrait.listed.process
        yield "stands at", standing(process, portrait.known)
        if not portrait.damage:
            yield "waits for", waits_for(portrait.listed, portrait.known, now)
        yield "started", _when(process.started, now)
        yield "expires", _when(process.deadline, now)
    if portrait.ended:
        lanes = written(Record(*portrait.lanes))
        yield "record", "" if meaning else lanes
        yield "started", _when(portrait.ended.started, now)
        yield "ended", _when(portrait.ended.ended, now)
        yield "remembered", _until(portrait.ended.forget, now)
    yield "may begin", ", ".join(meaning.get("allowed", []))
    yield "undo", ", ".join(map(str, _undo(portrait)))
    yield "data", portrait.data


def _when(time: int, now: int) -> str:
    if not time:
        return ""
    passed = f"{span(now - time)} ago" if time <= now else f"in {span(time - now)}"
    return f"{moment(time)} UTC ({passed})"


def _until(time: int, now: int) -> str:
    if not time:
        return "no longer, but archived"
    if time <= now:
        return "until the next purge"
    return f"until {moment(time)} UTC (for {span(time - now)})"


def _record(portrait: Portrait) -> Record | None:
    """The record, if something here knows what it means."""
    version = portrait.known.version(portrait.version)
    record = Record(*portrait.lanes)
    if version is None or version.machine().why_invalid(record):
        return None
    return record


def _meaning(portrait: Portrait) -> dict[str, list[str]]:
    version, record = portrait.known.version(portrait.version), _record(portrait)
    return names_of(version.machine(), record) if version and record else {}


def _undo(portrait: Portrait) -> list[Undo]:
    version, record = portrait.known.version(portrait.version), _record(portrait)
    if not version or not record or portrait.ended:
        return []
    return list(to_undo(version.machine(), record))


def _steps(portrait: Portrait) -> list[list[Cell]]:
    """The steps that have begun, in the order of their last news; then what may."""
    states = {
        name: state
        for key, state in _STATES.items()
        for name in _meaning(portrait).get(key, [])
    }
    states.update(_in_need(portrait))
    last: dict[str, Row] = {}
    for row in portrait.rows:
        if row.step is not None:
            name = _step_name(portrait, row.step)
            last.pop(name, None)
            last[name] = row
    told = [name for name in last if name in states]
    rows = []
    for name in [*told, *(name for name in states if name not in last)]:
        news, (word, color) = last.get(name), states[name]
        time = moment(news.time) if news else ""
        attempt = str(news.attempt or "") if news else ""
        rows.append([Cell(name), Cell(word, color), Cell(time), Cell(attempt)])
    return rows


def _in_need(portrait: Portrait) -> Iterator[tuple[str, tuple[str, str]]]:
    """The steps that wait for a person, as they are shown."""
    if portrait.listed is None or not _meaning(portrait):
        return
    process = portrait.listed.process
    needs = ((process.parked, "parked", "yellow"), (process.stuck, "stuck", "red"))
    for mask, word, color in needs:
        for step in range(mask.bit_length()):
            if mask >> step & 1:
                yield _step_name(portrait, step), (word, color)


def _log(portrait: Portrait) -> list[list[Cell]]:
    return [
        [
            Cell(str(row.seq)),
            Cell(moment(row.time)),
            Cell(row.event),
            Cell(_step_name(portrait, row.step)),
            Cell(str(row.attempt or "")),
            Cell(row.actor),
            Cell(row.note),
        ]
        for row in portrait.rows
    ]


def _step_name(portrait: Portrait, step: int | None) -> str:
    """The name of a step, else its position."""
    if step is None:
        return ""
    saga = portrait.known.saga
    version = saga.versions.get(portrait.version) if saga else None
    found = version.steps.get(step) if version else None
    return found.name if found else str(step)
