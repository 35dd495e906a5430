"""`sagac ps`: the processes of a store, and how each is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import click

from sagadsl.cli.common import json_option, paths_argument, print_json
from sagadsl.cli.grid import Cell, Column, grid, painted, room
from sagadsl.cli.live import watch, watch_option
from sagadsl.cli.stores import (
    Known,
    known_sagas,
    opened,
    outliving,
    saga_option,
    store_option,
)
from sagadsl.cli.words import COLORS, as_data, moment, span, standing, waits_for
from sagadsl.diagnostics.cells import visible
from sagadsl.runtime import Condition, Listed, Store
from sagadsl.runtime.listing import waiting_messages

COLUMNS = (
    Column("PROCESS"),
    Column("SAGA"),
    Column("ID"),
    Column("VERSION", wide=120),
    Column("STANDS AT", flexible=True),
    Column("SINCE"),
    Column("WAITS FOR", flexible=True),
    Column("STARTED", wide=140),
    Column("EXPIRES", wide=160),
)


class _Asked(NamedTuple):
    """Which processes are wanted, and how many of them."""

    conditions: Sequence[str]
    state: str
    damaged: bool
    limit: int


class _Found(NamedTuple):
    """A process with its saga, and why it is damaged, if that was asked for."""

    known: Known
    listed: Listed
    damage: str = ""


class _View(NamedTuple):
    """What was found: some processes, each with its saga, and the numbers of all.

    `more` are damaged too, and not among them.
    """

    now: int
    found: Sequence[_Found]
    more: int
    counts: dict[str, dict[Condition, int]]
    messages: int


@click.command("ps")
@paths_argument
@store_option
@saga_option
@click.option(
    "--is",
    "conditions",
    type=click.Choice([each.value for each in Condition]),
    multiple=True,
    help="Those that are so; may be said several times.",
)
@click.option("--at", "state", default="", metavar="STATE", help="Those at a state.")
@click.option(
    "--damaged", is_flag=True, help="Those that no run leads to; reads every log."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many are shown; all are counted.",
)
@watch_option
@json_option
def command(
    paths: tuple[Path, ...],
    url: str,
    only: str | None,
    *,
    watching: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """List the processes of a store, those first that need somebody.

    PATH are sagas, or folders with sagas: then only theirs are listed. Else they are
    looked for where sagas are; of one that is not found, only the words of its
    records are shown.

    \b
    stranded  of a version that is not known here
    stuck     a step has failed for good, and nothing leads on
    parked    nobody knows whether a step has happened
    overdue   due for a minute and more, and no worker has come
    running   a worker has it
    waiting   for an event, a timer, or a worker to come

    With --damaged the exit status is 1 if there are any.
    """  # noqa: D301  so click keeps the lines
    asked = _Asked(**options)
    if asked.damaged and (asked.conditions or asked.state):
        message = "--damaged lists what is so anywhere: leave out --is and --at"
        raise click.UsageError(message)
    with opened(url) as store:
        known = known_sagas(store, paths, only)
        if watching:
            watch(outliving(lambda: _lines(_look(store, known, asked))))
            return
        view = _look(store, known, asked)
    if as_json:
        print_json(_data(view))
    else:
        click.echo("\n".join(_lines(view)), color=True)
    raise SystemExit(1 if asked.damaged and view.found else 0)


def _look(store: Store, known: Sequence[Known], asked: _Asked) -> _View:
    if asked.state:
        known = [each for each in known if each.has(asked.state)]
        if not known:
            message = f"no saga here has a state {asked.state!r}"
            raise click.BadParameter(message, param_hint="--at")
    every = _damaged(known) if asked.damaged else _selected(known, asked)
    found = list(islice(every, asked.limit))
    more = sum(1 for _ in every)
    counts = {each.name: each.listing.count(asked.state) for each in known}
    messages = waiting_messages(store.database, counts)
    return _View(store.database.now(), found, more, counts, messages)


def _selected(known: Sequence[Known], asked: _Asked) -> Iterator[_Found]:
    """The first that are asked for, the pressing ones first."""
    left = asked.limit
    for condition in Condition:
        if asked.conditions and condition not in asked.conditions:
            continue
        for each in known:
            listed = each.listing.select(condition, state=asked.state, limit=left)
            yield from (_Found(each, one) for one in listed)
            left -= len(listed)


def _damaged(known: Sequence[Known]) -> Iterator[_Found]:
    for each in known:
        for listed, why in each.listing.damaged():
            yield _Found(each, listed, why)


def _lines(view: _View) -> list[str]:
    """What people are shown."""
    several = len(view.counts) > 1
    rows = [_row(one, view.now, several=several) for one in view.found]
    lines = grid(COLUMNS, rows, room()) if rows else []
    if view.more:
        lines.append(f"and {view.more} more that {_are(view.more)} damaged")
    if rows:
        lines.append("")
    for name, counts in view.counts.items():
        told = [
            painted(f"{number} {condition}", COLORS.get(condition, ""))
            for condition, number in counts.items()
            if number
        ]
        total = sum(counts.values())
        what = "process" if total == 1 else "processes"
        counted = f"{visible(name)}: {total} {what}"
        lines.append(counted + (f": {', '.join(told)}" * bool(told)))
    if view.messages:
        what = "message waits" if view.messages == 1 else "messages wait"
        lines.append(f"{view.messages} {what} to be delivered")
    return lines or ["no processes"]


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _row(one: _Found, now: int, *, several: bool) -> list[Cell]:
    process, condition = one.listed.process, one.listed.condition
    word = Cell("damaged", "red") if one.damage else Cell(condition, COLORS[condition])
    texts = [
        one.known.name if several else "",
        process.aggregate_id,
        str(process.version),
        standing(process, one.known),
        f"{span(now - one.listed.since)} ago" if one.listed.since else "",
        one.damage or waits_for(one.listed, one.known, now),
        moment(process.started),
        moment(process.deadline),
    ]
    return [word, *map(Cell, texts)]


def _data(view: _View) -> dict[str, object]:
    """What programs are given; times are in milliseconds since 1970."""
    return {
        "now": view.now,
        "counts": view.counts,
        "messages": view.messages,
        **({"more": view.more} if view.more else {}),
        "processes": [
            {
                **as_data(one.listed, one.known),
                **({"damage": one.damage} if one.damage else {}),
            }
            for one in view.found
        ],
    }
