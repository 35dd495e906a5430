"""What the commands share that operate a store: opening it, and whose it is."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sagadsl import machine
from sagadsl.cli.common import compile_or_exit, wanting
from sagadsl.cli.files import Unusable, find_sagas, read_config, shown
from sagadsl.diagnostics.cells import visible
from sagadsl.model import Pinned, Version

if TYPE_CHECKING:
    from sagadsl.runtime.ask import Request
    from sagadsl.runtime.listing import Listing
    from sagadsl.runtime.result import Result
    from sagadsl.runtime.saga import Saga
    from sagadsl.runtime.store import Store


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # nobody of that number, as in a container
        return "operator"


store_option = click.option(
    "--store",
    "url",
    metavar="URL",
    required=True,
    envvar="SAGAC_STORE",
    show_envvar=True,
    help="The store: sqlite:///FILE or postgresql://HOST/NAME.",
)
saga_option = click.option(
    "--saga", "only", metavar="NAME", help="Of this saga, if the store has several."
)
note_option = click.option(
    "--note", default="", metavar="TEXT", help="Why; it is kept in the log."
)
by_option = click.option(
    "--by",
    default=_user,
    metavar="WHO",
    help="Who says so; else the user of this machine. It is kept in the log.",
)


class SourceModule:
    """A saga from its source, as the runtime sees an emitted module.

    It has no handlers: what has to be performed is left to a worker.
    """

    Record = machine.Record
    Kind = machine.Kind
    Refused = machine.Refused
    Step = int
    Failed = Exception

    def __init__(self, pinned: Pinned) -> None:
        self.NAME = pinned.saga.name
        machines = {each.number: each.machine() for each in pinned.versions}
        self.MACHINES: Mapping[int, Any] = machines
        self.LATEST: Any = machines[pinned.latest.number]

    def upgrade(
        self, record: machine.Record, from_version: int, to_version: int
    ) -> machine.Record:
        """The record in the terms of another version, or `Refused`."""
        old: machine.Machine = self.MACHINES[from_version]
        new: machine.Machine = self.MACHINES[to_version]
        return new.upgrade(record, old)


class Known(NamedTuple):
    """A saga of a store; without a source there are only its rows."""

    name: str
    listing: Listing
    path: Path | None
    pinned: Pinned | None
    saga: Saga | None

    def version(self, number: int) -> Version | None:
        """A version, if it is known."""
        versions = self.pinned.versions if self.pinned else ()
        return next((each for each in versions if each.number == number), None)

    def has(self, state: str) -> bool:
        """Whether some version of the saga has a state."""
        versions = self.pinned.versions if self.pinned else ()
        places = (set(each.rows.states) - set(each.rows.copies) for each in versions)
        return any(state in names for names in places)


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """A store that is there; what is wrong with it is told in one line."""
    from sagadsl.runtime import StoreError, open_store

    try:
        store = open_store(url, create=False)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--store") from None
    except StoreError as error:
        raise Unusable(f"cannot use the store: {error}") from None
    try:
        with store:
            yield store
    except StoreError as error:
        raise Unusable(f"cannot use the store: {error}") from None


def outliving(draw: Callable[[], list[str]]) -> Callable[[], list[str]]:
    """What is drawn of a store; while it cannot be used, why."""
    from sagadsl.runtime import StoreError

    def drawn() -> list[str]:
        try:
            return draw()
        except StoreError as error:
            return [visible(f"cannot use the store: {error}")]

    return drawn


def known_sagas(store: Store, paths: Sequence[Path], only: str | None) -> list[Known]:
    """The sagas that a store has processes of: all, or those that are asked for.

    Of each the source is read if it is among the paths, or where sagas are looked for.
    """
    sources = _sources(paths)
    names = wanted_sagas(store, only, sources if paths else None)
    return [_known(store, name, sources.get(name, [])) for name in names]


def wanted_sagas(
    store: Store, only: str | None, among: Container[str] | None = None
) -> list[str]:
    """The names of the sagas that a store has, or of the one that is asked for."""
    from sagadsl.runtime.listing import sagas_in

    names = sagas_in(store.database)
    if among is not None:
        names = [name for name in names if name in among]
    if only is None:
        return names
    if only not in names:
        message = f"there is no {visible(only)} here"
        raise click.BadParameter(message, param_hint="--saga")
    return [only]


def _sources(paths: Sequence[Path]) -> Mapping[str, list[Path]]:
    """The files that may be meant, by the names of their sagas."""
    try:
        files = find_sagas(paths, read_config())
    except Unusable:
        if paths:
            raise
        files = []
    sources: dict[str, list[Path]] = {}
    for file in files:
        if not file.exists():
            raise Unusable(f"{shown(file)}: there is no such file")
        sources.setdefault(file.stem, []).append(file)
    return sources


def _known(store: Store, name: str, files: list[Path]) -> Known:
    from sagadsl.runtime.listing import Listing
    from sagadsl.runtime.saga import Saga

    if len(files) > 1:
        both = " and ".join(shown(file) for file in files[:2])
        raise Unusable(f"there are {both}: name the one that {name} is of")
    if not files:
        return Known(name, Listing(store.database, name), None, None, None)
    pinned = compile_or_exit(files[0])
    saga = Saga(SourceModule(pinned))
    return Known(name, Listing(store.database, name, saga), files[0], pinned, saga)


def whose(known: Sequence[Known], aggregate_id: str) -> Known:
    """The saga that has, or had, a process of this id; there must be one."""
    found = [each for each in known if each.listing.has(aggregate_id)]
    if not found:
        names = " or ".join(each.name for each in known) or "process"
        wanting(f"there is no {names} {aggregate_id}")
    if len(found) > 1:
        names = " and ".join(each.name for each in found)
        message = f"there is a {names} {aggregate_id}; say --saga"
        raise click.UsageError(visible(message))
    return found[0]


def ask_or_exit(
    url: str,
    paths: Sequence[Path],
    only: str | None,
    aggregate_id: str,
    request: Request,
) -> tuple[str, Result]:
    """Ask something of a process: the name of its saga, and what comes of it."""
    from sagadsl.runtime.ask import ask
    from sagadsl.runtime.processes import Processes

    with opened(url) as store:
        known = whose(known_sagas(store, paths, only), aggregate_id)
        if known.saga is None:
            raise Unusable(f"there is no {known.name}.saga here; name it as PATH")
        processes = Processes(store, known.saga)
        result, _ = ask(processes, aggregate_id, request, "sagac", 0)
    return known.name, result
