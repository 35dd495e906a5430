"""Where the run of a finding leads can be drawn, though the saga does not compile."""

from __future__ import annotations

from project import INSERTED, write

CLAIM = """saga claim {
    aggregate claim_id
    states { initial filed, approved, rejected, final closed }
    transitions {
        filed -> approved : approve
        filed -> rejected : reject
        approved & rejected -> closed : close
    }
}
"""


def test_the_run_of_a_finding_is_drawn(sagac):
    (sagac.folder / "claim.saga").write_text(CLAIM)
    drawn = sagac("graph", "claim.saga", "--finding", "SAGA504", "-o", "claim.dot")
    assert drawn[0] == 0
    assert "now in" in (sagac.folder / "claim.dot").read_text()


def test_a_finding_that_is_not_there_cannot_be_drawn(sagac):
    (sagac.folder / "claim.saga").write_text(CLAIM)
    status, _, err = sagac("graph", "claim.saga", "--finding", "SAGA501", "-o", "x.dot")
    assert status == 1
    assert err == "claim.saga: no finding SAGA501 with a run\n"
    assert not (sagac.folder / "x.dot").exists()


def test_a_finding_is_drawn_by_its_name(sagac):
    (sagac.folder / "claim.saga").write_text(CLAIM)
    drawn = sagac("graph", "claim.saga", "--finding", "stuck", "-o", "claim.dot")
    assert drawn[0] == 0
    assert "now in" in (sagac.folder / "claim.dot").read_text()


def test_a_finding_that_does_not_exist_is_a_slip_of_the_user(sagac):
    (sagac.folder / "claim.saga").write_text(CLAIM)
    status, _, err = sagac("graph", "claim.saga", "--finding", "stuk", "-o", "x.dot")
    assert status == 2
    assert "there is no finding 'stuk'; did you mean stuck?" in err


def test_what_a_draft_breaks_is_drawn_in_the_version_that_was_released(sagac):
    write(sagac)
    sagac("build", "--target", "py")
    sagac("release", "order.saga")
    drawn = ("graph", "order.saga", "--finding", "SAGA621", "-o", "order.dot")
    assert sagac(*drawn)[0] == 1
    write(sagac, INSERTED)
    assert sagac(*drawn)[0] == 0
    picture = (sagac.folder / "order.dot").read_text()
    assert "in doubt: ship" in picture
    assert "version 1" in picture
    assert "packed" not in picture
