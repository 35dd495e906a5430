"""The modules that run a saga on an engine: one class each, typed by `Handlers`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sagadsl.emit.jinja import render
from sagadsl.model import Pinned, Version

# What each class has already; an event of such a name gets an underscore.
_TAKEN = (
    *("abort", "calls", "fire", "look", "resolve", "retry", "saga", "start", "timeout"),
    *("upgrade", "workflow_id"),
)
_ROOM = 75  # in a line of 88, after `by: ` and before the comma


def emit_engine(pinned: Pinned, engine: str) -> str:
    """The text of `<saga>_<engine>.py`, for all versions."""
    name = pinned.saga.name
    return render(
        f"{engine}.py.jinja",
        name=name,
        prefix="".join(word.capitalize() for word in name.split("_")),
        versions=[_version(version) for version in pinned.versions],
        events=list(_events(pinned.versions)),
    )


class _VersionView(NamedTuple):
    """A version, and the handlers that its steps call, with what each is for."""

    number: int
    calls: list[str]


class _EventView(NamedTuple):
    """An event from outside: a method and who may ask for it, as a type."""

    method: str
    action: str
    actors: str


def _version(version: Version) -> _VersionView:
    return _VersionView(version.number, list(_calls(version)))


def _calls(version: Version) -> Iterator[str]:
    """Each handler once, in the order in which steps come, probes after them."""
    actions = version.actions()
    names: dict[str, None] = {}
    for rule in version.rows.rules:
        action = actions[rule.action]
        undo = version.rows.compensations.get(rule.action, "")
        for called in (action, actions.get(undo)):
            if called is not None and called.effect:
                names.update(dict.fromkeys(filter(None, (called.name, called.probe))))
    return iter(names)


def _events(versions: Sequence[Version]) -> Iterator[_EventView]:
    """What actors ask for or report, in any version, each event once."""
    found: dict[str, dict[str, None] | None] = {}
    for version in versions:
        for name, actors in _asked(version):
            known = found.setdefault(name, {})
            if known is not None and actors:
                known.update(dict.fromkeys(actors))
            else:
                found[name] = None
    for name, known in found.items():
        method = name
        while method in _TAKEN or (method != name and method in found):
            method += "_"
        yield _EventView(method, name, _literal(known) if known else "str")


def _literal(actors: Iterable[str]) -> str:
    """The actors as a type, in several lines if it is long."""
    quoted = [f'"{actor}"' for actor in actors]
    line = f"Literal[{', '.join(quoted)}]"
    if len(line) <= _ROOM:
        return line
    return "\n".join(
        ["Literal[", *(f"            {one}," for one in quoted), "        ]"]
    )


def _asked(version: Version) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The actions of a version that come from outside, with their actors."""
    for rule in version.rows.rules:
        kind, _, who = rule.trigger.partition(" ")
        if kind != "after" and who != "system":
            yield rule.action, tuple(who.split(" | ")) if who else ()
    if version.rows.abort:
        yield version.rows.abort.name, version.rows.abort.actors
