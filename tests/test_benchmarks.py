"""What `make bench` starts can be started; what it measures is no test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("side", ["ours", "dbos"])
def test_sides(side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each side of the lines about stores does an order, dies, and is recovered."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import handled
    import run
    import samples
    import store

    monkeypatch.setattr(run, "FOLDER", tmp_path)
    run.build("performed", samples.performed("performed", handled.STEPS))
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    environment = {**os.environ, "PYTHONPATH": path}
    url = f"sqlite:///{tmp_path}/orders.db"
    with store.Side(side, url, environment) as one:
        assert one("one", 1) > 0
        one.dies()
    with store.Side(side, url, environment) as other:
        assert other("recover") > 0
