"""What came of the conformance tests, as a file, and as the table in the documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from catalogue import SCENARIOS

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parents[1] / "docs" / "conformance.md"
BACKENDS = {
    "sqlite": "embedded, SQLite",
    "postgres": "embedded, PostgreSQL",
    "dbos-sqlite": "DBOS, SQLite",
    "dbos-postgres": "DBOS, PostgreSQL",
    "restate": "Restate",
    "temporal": "Temporal (double)",
}
SIGNS = {"passed": "yes", "failed": "**no**", "skipped": "not run", "": "not run"}
Results = Mapping[str, Mapping[str, str]]


def split(nodeid: str) -> tuple[str, str]:
    """The backend and the scenario of a test, by its id."""
    inside = nodeid.partition("[")[2].removesuffix("]")
    backend = max((one for one in BACKENDS if inside.startswith(f"{one}-")), key=len)
    return backend, inside.removeprefix(f"{backend}-")


def keep(reports: Mapping[str, str]) -> None:
    """Note what came of the tests that ran, beside what came of the others before."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for nodeid, outcome in reports.items():
        backend, scenario = split(nodeid)
        known.setdefault(backend, {})[scenario] = outcome
    names = [one.name for one in SCENARIOS]
    ordered = {
        backend: {
            name: known[backend][name] for name in names if name in known[backend]
        }
        for backend in BACKENDS
        if backend in known
    }
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n")


def table(results: Results) -> str:
    """Scenario by backend; what was not run is a gap."""
    head = ["scenario", *BACKENDS.values()]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for scenario in SCENARIOS:
        cells = [results.get(one, {}).get(scenario.name, "") for one in BACKENDS]
        signs = " | ".join(SIGNS[cell] for cell in cells)
        lines.append(f"| {scenario.name} | {signs} |")
    return "\n".join(lines) + "\n"


class Kept:
    """Collects what comes of the tests of this room, for `--update`."""

    def __init__(self) -> None:
        self.reports: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that has ended, or could not be run."""
        ours = "test_conformance.py::test_conformance[" in report.nodeid
        if ours and (report.when == "call" or report.outcome != "passed"):
            self.reports.setdefault(report.nodeid, report.outcome)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep the results, where all is known: not in a worker of xdist."""
        if self.reports and not hasattr(session.config, "workerinput"):
            keep(self.reports)
