"""A store in SQLite that may not be written: what can be told of it, and why not."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sagadsl.audit.databases import DatabaseTable
from sagadsl.audit.sources import Unreadable
from sagadsl.runtime import StoreError, open_store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="it has other permissions")


@contextmanager
def as_somebody() -> Iterator[None]:
    """As who is not root, for whom permissions are none."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def file() -> Iterator[Path]:
    """A store in a folder that everybody finds, and nobody can write."""
    folder = Path(tempfile.mkdtemp(prefix="saga-"))
    path = folder / "orders.db"
    open_store(f"sqlite:///{path}").close()
    folder.chmod(0o555)
    yield path
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_is_named_as_the_cause(file: Path) -> None:
    """SQLite speaks of an attempt to write, though all that was asked is to read."""
    file.chmod(0o444)
    with as_somebody():
        with pytest.raises(StoreError, match="its folder cannot be written"):
            open_store(f"sqlite:///{file}", create=False)
        with pytest.raises(Unreadable, match="its folder cannot be written"):
            DatabaseTable(f"sqlite:///{file}", "saga_event", "order")


def test_a_file_that_cannot_be_read_is_told_of_in_a_line(file: Path) -> None:
    file.chmod(0)
    with as_somebody():
        with pytest.raises(StoreError, match=r"unable to open database file$"):
            open_store(f"sqlite:///{file}", create=False)
        with pytest.raises(Unreadable, match=r"unable to open database file$"):
            DatabaseTable(f"sqlite:///{file}", "saga_event", "order")


def test_who_may_only_read_can_list_what_others_have_open(file: Path) -> None:
    file.parent.chmod(0o755)
    with open_store(f"sqlite:///{file}") as store:
        assert store.database.rows("SELECT count(*) FROM saga_process") == [(0,)]
        for each in file.parent.iterdir():
            each.chmod(0o444)
        file.parent.chmod(0o555)
        with as_somebody(), open_store(f"sqlite:///{file}", create=False) as read:
            assert read.database.rows("SELECT count(*) FROM saga_event") == [(0,)]
        file.parent.chmod(0o755)
