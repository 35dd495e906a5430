"""Every scenario on every backend; `docs/conformance.md` shows what comes of it."""

from __future__ import annotations

import json

import pytest
from backends import Backend, Process
from catalogue import SCENARIOS, Scenario
from results import BACKENDS, PAGE, RESULTS, table


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[one.name for one in SCENARIOS])
def test_conformance(backend: Backend, scenario: Scenario, aggregate: str) -> None:
    if backend.modules.name != scenario.modules:
        backend.replace(backend.modules.with_name(scenario.modules))
    scenario.play(Process(backend, scenario.saga, aggregate))


def test_the_page_shows_what_came_of_it(update: bool) -> None:
    page = PAGE.read_text("utf-8")
    shown = table(json.loads(RESULTS.read_text()))
    if update:
        before, _, rest = page.partition("| scenario |")
        after = rest.partition("\n\n")[2]
        PAGE.write_text(f"{before}{shown}\n{after}", "utf-8")
    assert shown in PAGE.read_text("utf-8")


def test_no_result_is_of_a_scenario_that_is_gone() -> None:
    names = {one.name for one in SCENARIOS}
    for backend, results in json.loads(RESULTS.read_text()).items():
        assert backend in BACKENDS
        assert results.keys() == names
