"""`sagac audit`: judge a table of event rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sagadsl import machine
from sagadsl.cli.common import (
    compile_or_exit,
    json_option,
    path_argument,
    print_json,
    version_of,
    version_option,
)
from sagadsl.cli.files import Unusable, is_file, shown
from sagadsl.model import Pinned
from sagadsl.sql.url import without_secrets

if TYPE_CHECKING:
    from sagadsl.audit import Bad, Report
    from sagadsl.audit.sources import Source

_PARTS = 1000  # of the bar


class _Saga(NamedTuple):
    """What an audit asks of an emitted module."""

    MACHINES: dict[int, machine.Machine]
    Record: Any = machine.Record
    Event: Any = machine.Event
    Kind: Any = machine.Kind
    Refused: Any = machine.Refused


def _column(option: str, usual: str, what: str) -> Callable[[Any], Any]:
    told = f"The column with {what}; else `{usual}`."
    return click.option(option, metavar="COLUMN", help=told)


@click.command("audit")
@path_argument
@click.argument("events")
@_column("--id", "aggregate_id", "the aggregate")
@_column("--step", "step", "the position or name of the step")
@_column("--event", "event", "what happened to it, if there is one")
@_column("--version-column", "version", "the version, if there is one")
@_column("--seq", "seq", "the number of the row in its aggregate, if there is one")
@click.option("--order", metavar="COLUMN", help="The order of rows in a database.")
@click.option(
    "--table", default="saga_event", metavar="NAME", help="The table in a database."
)
@version_option
@json_option
def command(path: Path, events: str, **options: Any) -> None:
    """Judge the rows of many aggregates, and tell the first bad row of each.

    PATH is a saga, or a folder with no more than one. EVENTS is a file whose name
    ends in .csv, .tsv, .jsonl, .ndjson or .parquet, or a database:
    sqlite:///FILE or postgresql://HOST/NAME. Rows stand in the order in which they
    happened; those of a database are put in order by `seq`, or as `--order` says.

    Rows without a column of events say that a step was taken. `--version` judges all
    rows by one version, whatever they say.
    """
    pinned = compile_or_exit(path)
    try:
        from sagadsl.audit.sources import Unreadable
    except ImportError as error:
        raise Unusable(str(error)) from None
    try:
        report = _audit(pinned, events, options)
    except (Unreadable, OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise Unusable(f"cannot read {_named(events)}: {why}") from None
    if options["as_json"]:
        bad = [
            {**each._asdict(), "aggregate": str(each.aggregate)} for each in report.bad
        ]
        print_json({**report._asdict(), "bad": bad})
    else:
        _tell(report, pinned.saga.name)
    sys.exit(1 if report.bad else 0)


def _audit(pinned: Pinned, events: str, options: dict[str, Any]) -> Report:
    from sagadsl.audit.table import Columns, audit_table

    number = options["number"]
    if number is not None:
        version_of(pinned, number)
    asked = Columns(
        options["id"],
        options["step"],
        options["event"],
        options["version_column"],
        options["seq"],
    )
    source = _source(pinned, events, options["table"])
    columns = asked.among(source.names, pinned.saga.aggregate)
    _put_in_order(source, columns, options["order"])
    saga = _Saga({each.number: each.machine() for each in pinned.versions})
    with _progress() as progress:
        return audit_table(saga, source, columns, version=number, progress=progress)


def _source(pinned: Pinned, events: str, table: str) -> Source:
    from sagadsl.audit.databases import PREFIXES, DatabaseTable
    from sagadsl.audit.sources import source_of

    if events.startswith(PREFIXES):
        return DatabaseTable(events, table, pinned.saga.name)
    if not is_file(Path(events)):
        raise Unusable(f"cannot read {_named(events)}: there is no such file")
    return source_of(Path(events))


def _put_in_order(source: Source, columns: Any, order: str | None) -> None:
    """Have a database order its rows; those of a file are in order."""
    from sagadsl.audit.databases import DatabaseTable

    if not isinstance(source, DatabaseTable):
        if order:
            raise click.BadParameter(
                "rows of a file are in order", param_hint="--order"
            )
        return
    by = order or columns.seq
    if by is None:
        raise click.UsageError("there is no column `seq`; say `--order COLUMN`")
    if by not in source.names:
        raise click.BadParameter(f"there is no column `{by}`", param_hint="--order")
    source.order = (columns.aggregate, by)


@contextmanager
def _progress() -> Iterator[Callable[[float], object]]:
    """A bar on a terminal, for what takes its time."""
    if not sys.stderr.isatty():
        yield lambda fraction: fraction
        return
    with click.progressbar(length=_PARTS, file=sys.stderr, label="audit") as bar:
        yield lambda fraction: bar.update(int(fraction * _PARTS) - bar.pos)


def _tell(report: Report, name: str) -> None:
    for bad in report.bad:
        click.echo(_line(bad, name))
    aggregates = _counted(report.aggregates, "aggregate")
    events = _counted(report.events, "event")
    click.echo(f"{aggregates}, {events}: {len(report.bad) or 'none'} bad")


def _line(bad: Bad, name: str) -> str:
    from sagadsl.diagnostics.cells import visible

    where = f"row {bad.row}" + ("" if bad.seq is None else f", seq {bad.seq}")
    return visible(f"{name} {bad.aggregate}, {where}: `{bad.what}`: {bad.why}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _named(events: str) -> str:
    """A file, or a database without its password."""
    return without_secrets(events) if "://" in events else shown(Path(events))
