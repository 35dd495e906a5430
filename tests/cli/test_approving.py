"""`sagac breaking --approve`: what is accepted, and for which version."""

from __future__ import annotations

from project import INSERTED, ORDER, write


def test_an_approval_is_kept_for_its_version_only(changed):
    said = ("--approve", "refused-record", "--reason", "nobody is shipped")
    assert changed("breaking", "order.saga", *said) == (
        0,
        "order.saga: approved refused-record for version 2\n",
        "",
    )
    assert changed("breaking")[0] == 0
    assert changed("build", "--target", "py")[0] == 0
    lock = (changed.folder / "order.saga.lock").read_text()
    assert '"approved": {"refused-record": "nobody is shipped"}' in lock
    assert changed("breaking")[0] == 0
    assert changed("release", "order.saga")[0] == 0
    write(
        changed,
        INSERTED.replace(
            "paid -> packed", "paid -> checked : check\nchecked -> packed"
        ).replace("        packed\n", "        packed\n        checked\n"),
    )
    status, _, err = changed("breaking")
    assert status == 1
    assert "version 3 refuses records of version 2" in err


def test_it_is_approved_for_all_or_for_none(changed):
    """No lock file is written where one saga has no draft to approve it for."""
    write(changed, ORDER.replace("saga order", "saga parcel"), "parcel.saga")
    changed("build", "parcel.saga", "--target", "py")
    changed("release", "parcel.saga")
    locks = [changed.folder / f"{name}.saga.lock" for name in ("order", "parcel")]
    before = [lock.read_bytes() for lock in locks]
    said = ("--approve", "refused-record", "--reason", "why")
    status, out, err = changed("breaking", *said)
    assert (status, out) == (2, "")
    assert "parcel.saga: version 1 is released, and there is no draft" in err
    assert [lock.read_bytes() for lock in locks] == before
    write(changed, INSERTED.replace("saga order", "saga parcel"), "parcel.saga")
    assert changed("breaking", *said)[0] == 0
    assert changed("breaking") == (0, "2 sagas compared: no findings\n", "")


def test_nothing_is_approved_for_a_released_version(sagac):
    write(sagac)
    sagac("build", "--target", "py")
    sagac("release", "order.saga")
    said = ("--approve", "refused-record", "--reason", "why")
    status, _, err = sagac("breaking", *said)
    assert status == 2
    assert "version 1 is released, and there is no draft" in err
