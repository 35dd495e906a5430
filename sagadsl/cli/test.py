"""`sagac test`: run the scenarios."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from sagadsl.cli.common import in_color, json_option, paths_argument, tell
from sagadsl.cli.files import find_sagas, read_bytes, read_config, shown

if TYPE_CHECKING:
    from sagadsl.model import Scenario
    from sagadsl.proofs.scenario import Played


class _Report(NamedTuple):
    """How a scenario went: where it stopped and why, if it does not hold."""

    title: str
    line: int
    result: str
    passed: bool
    made: list[str]
    stopped: str
    why: str


@click.command("test")
@paths_argument
@json_option
def command(paths: tuple[Path, ...], as_json: bool) -> None:
    """Run the scenarios of sagas, and say which do not hold and why."""
    sagas: dict[Path, list[_Report] | None] = {}
    for path in find_sagas(paths, read_config()):
        sagas[path] = _reports(path)
    reports = [report for each in sagas.values() for report in each or ()]
    if as_json:
        click.echo(_json(sagas))
    else:
        mark = _marks()
        for path, each in sagas.items():
            if each is not None:
                click.echo("\n".join(_told(path, each, mark)), color=True)
        click.echo(_summary(reports, untested=list(sagas.values()).count(None)))
    sys.exit(None in sagas.values() or not all(report.passed for report in reports))


def _reports(path: Path) -> list[_Report] | None:
    """How the scenarios of a saga went; None if something else is wrong with it."""
    from sagadsl.rehearsal import rehearse_saga

    scenarios, findings = rehearse_saga(shown(path), read_bytes(path))
    tell(findings)
    if scenarios is None:
        click.echo(f"{shown(path)}: not tested, as it does not compile", err=True)
        return None
    return [_report(scenario, played) for scenario, played in scenarios]


def _report(scenario: Scenario, played: Played) -> _Report:
    from sagadsl.diagnostics.region import Region

    span, stopped = scenario.span, f"=> {scenario.result}"
    if played.wrong and len(played.made) < len(scenario.moves):
        move = scenario.moves[len(played.made)]
        span, stopped = move.span, move.text
    return _Report(
        scenario.title,
        Region.of(span).start.line,
        scenario.result,
        not played.wrong,
        list(played.made),
        stopped if played.wrong else "",
        played.wrong,
    )


def _json(sagas: dict[Path, list[_Report] | None]) -> str:
    """A saga that does not compile has no scenarios, but null."""
    told = [
        {
            "path": shown(path),
            "scenarios": None if reports is None else [r._asdict() for r in reports],
        }
        for path, reports in sagas.items()
    ]
    return json.dumps({"format": 1, "sagas": told}, indent=2)


def _told(path: Path, reports: list[_Report], mark: dict[bool, str]) -> Iterator[str]:
    """A line for each scenario; below one that does not hold, how far it came."""
    yield shown(path) if reports else f"{shown(path)}: no scenarios"
    for report in reports:
        title = " ".join(report.title.split())
        where = "" if report.passed else f" ({shown(path)}:{report.line})"
        yield f"  {mark[report.passed]} {title}{where}"
        if not report.passed:
            if report.made:
                yield f"      after  {', '.join(report.made)}"
            yield f"      at     {report.stopped}"
            yield f"      why    {report.why}"


def _marks() -> dict[bool, str]:
    """A tick and a cross, or words where the terminal has no such signs."""
    signs = {True: "\N{CHECK MARK}", False: "\N{BALLOT X}"}
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "".join(signs.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        signs = {True: "ok", False: "failed"}
    if in_color(sys.stdout is not None and sys.stdout.isatty()):
        colors = {True: "green", False: "red"}
        return {good: click.style(signs[good], colors[good]) for good in signs}
    return signs


def _summary(reports: list[_Report], untested: int) -> str:
    counts = Counter(report.passed for report in reports)
    what = f"{len(reports)} scenario{'' if len(reports) == 1 else 's'}"
    parts = [f"{counts[True]} passed"] if counts[True] else []
    parts += [f"{counts[False]} failed"] if counts[False] else []
    if untested:
        parts.append(f"{untested} saga{'' if untested == 1 else 's'} not tested")
    return f"{what}: {', '.join(parts)}" if parts else what
