"""Each check catches its fault in an order of sixteen rows, and none cries without one.

`planted/<fault>.edit` says which lines of the sound saga are replaced (`- old`, then
`+ new`), `planted/<fault>.txt` what is found then. A new fault is a new file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sound import SOUND, edited, saga_of

from sagadsl.checks import PROOFS, check_saga
from sagadsl.diagnostics.text import render_text

PLANTED = Path(__file__).parent / "planted"
FAULTS = sorted(PLANTED.glob("*.edit"))


def test_the_sound_order_has_no_finding() -> None:
    saga = saga_of(SOUND)
    assert len(saga.transitions) == 16
    assert check_saga(saga) == ()


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_a_planted_fault_is_found(
    path: Path, golden: Callable[[Path, str], None]
) -> None:
    saga = saga_of(edited(SOUND, path.read_text(encoding="utf-8")))
    golden(path.with_suffix(".txt"), render_text(check_saga(saga)))


def test_each_check_has_a_fault() -> None:
    texts = "".join(p.read_text(encoding="utf-8") for p in PLANTED.glob("*.txt"))
    codes = {module.RULE.code for phase in PROOFS for module in phase}
    assert {code for code in codes if f"[{code}]" in texts} == codes
