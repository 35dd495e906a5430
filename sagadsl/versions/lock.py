"""The lock file: every version of a saga with its whole machine, as reviewed JSON.

The text has one line for each state, step and action, so that a diff reads well. It
carries a format number; a text of a later format is refused, never guessed at.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from sagadsl.diagnostics import Finding, Rule
from sagadsl.machine import Abort, Action, Waive
from sagadsl.machine import Rule as RuleRow
from sagadsl.model import Rows, Version
from sagadsl.source import Source, Span
from sagadsl.versions.digest import digest_of
from sagadsl.versions.shape import Malformed, Shape

FORMAT = 1
LOCK = Rule("SAGA401", "lock")
LOCK_EDITED = Rule("SAGA402", "lock-edited")


class Lock(NamedTuple):
    """The versions of a saga, oldest first; at most the last is a draft."""

    saga: str
    versions: tuple[Version, ...]


def write_lock(lock: Lock) -> str:
    """The text of a lock file."""
    versions = ",\n".join(_version_text(version) for version in lock.versions)
    return (
        f'{{\n  "format": {FORMAT},\n  "saga": {json.dumps(lock.saga)},\n'
        f'  "versions": [\n{versions}\n  ]\n}}\n'
    )


def read_lock(source: Source, saga: str) -> tuple[Lock | None, tuple[Finding, ...]]:
    """The versions that the lock file of a saga keeps, or what is wrong with it."""
    try:
        data = json.loads(source.text)
    except (ValueError, RecursionError) as error:
        at = min(getattr(error, "pos", 0), len(source.text))
        return None, (_unreadable(source, "is not JSON", at),)
    try:
        lock = _lock(Shape(data, "the lock file"))
    except Malformed as malformed:
        return None, (_unreadable(source, str(malformed), 0),)
    if lock.saga != saga:
        return None, (_of_another(source, lock.saga, saga),)
    findings = tuple(
        _edited(source, version)
        for version in lock.versions
        if digest_of(version.rows) != version.digest
    )
    return (None if findings else lock), findings


def _version_text(version: Version) -> str:
    rows = version.rows
    abort = rows.abort
    fields: dict[str, object] = {
        "version": version.number,
        "digest": version.digest,
        "released": version.released,
        **({"approved": dict(version.approved)} if version.approved else {}),
        "aggregate": rows.aggregate,
        "expires": rows.expires,
        "remember": rows.remember,
        "abort": {"name": abort.name, "actors": abort.actors} if abort else None,
        "states": [
            {"state": state, "kind": kind}
            | ({"of": rows.copies[state]} if state in rows.copies else {})
            for state, kind in rows.states.items()
        ],
        "steps": [
            _compact(rule._asdict(), RuleRow(0, "", "", "")) for rule in rows.rules
        ],
        "actions": [_compact(row._asdict(), Action("", "")) for row in rows.actions],
        "compensations": rows.compensations,
    }
    if rows.waives:
        fields["waives"] = [w._asdict() for w in rows.waives]
    lines = (f'      "{key}": {_field_text(value)}' for key, value in fields.items())
    return "    {\n" + ",\n".join(lines) + "\n    }"


def _field_text(value: object) -> str:
    if isinstance(value, list) and value:
        lines = ",\n".join(f"        {json.dumps(item)}" for item in value)
        return f"[\n{lines}\n      ]"
    return json.dumps(value)


def _compact(fields: dict[str, Any], default: NamedTuple) -> dict[str, Any]:
    """The fields that say something."""
    plain = default._asdict()
    return {
        key: value
        for key, value in fields.items()
        if value != plain[key] or key in ("step", "action", "name")
    }


def _lock(shape: Shape) -> Lock:
    number = shape.integer("format")
    if number != FORMAT:
        raise Malformed(f"has format {number}, and this compiler reads format {FORMAT}")
    versions = tuple(_version(item) for item in shape.items("versions"))
    for at, version in enumerate(versions, 1):
        if version.number != at:
            raise Malformed(f"has version {version.number} in place {at}")
        if not version.released and at < len(versions):
            raise Malformed(f"has a draft, version {at}, before the newest version")
    return Lock(shape.name("saga"), versions)


def _version(shape: Shape) -> Version:
    abort = shape.optional("abort")
    states = shape.items("states")
    rows = Rows(
        shape.name("aggregate"),
        shape.integer("expires"),
        shape.integer("remember"),
        Abort(abort.name("name"), abort.names("actors")) if abort else None,
        {item.name("state"): item.kind("kind") for item in states},
        {i.name("state"): i.name("of") for i in states if i.has("of")},
        tuple(_rule(item) for item in shape.items("steps")),
        tuple(_action(item) for item in shape.items("actions")),
        shape.mapping("compensations"),
        tuple(_waive(item) for item in shape.items("waives", [])),
    )
    _check_rows(rows)
    return Version(
        shape.integer("version"),
        shape.digest("digest"),
        shape.flag("released"),
        rows,
        shape.reasons("approved"),
    )


def _rule(shape: Shape) -> RuleRow:
    return RuleRow(
        shape.position("step"),
        shape.name("action"),
        shape.states("prev"),
        shape.states("next"),
        shape.states("otherwise", ""),
        shape.trigger("trigger"),
        shape.integer("delay", 0),
        shape.digits("round", ""),
    )


def _action(shape: Shape) -> Action:
    return Action(
        shape.name("name"),
        shape.effect("effect", ""),
        shape.name("probe", ""),
        shape.integer("attempts", 1),
        shape.integer("pause", 0),
        shape.integer("longest", 0),
        shape.integer("timeout", 0),
        shape.flag("pivot", default=False),
        shape.flag("cannot_fail", default=False),
        shape.flag("no_undo", default=False),
        shape.flag("even_if_in_doubt", default=False),
    )


def _waive(shape: Shape) -> Waive:
    return Waive(shape.integer("version"), shape.name("action"), shape.name("when"))


def _check_rows(rows: Rows) -> None:
    """That the rows fit together: every state is there, causes precede effects."""
    steps = [rule.step for rule in rows.rules]
    if len(set(steps)) < len(steps):
        raise Malformed("has two steps at one position")
    if len({rule.name for rule in rows.rules}) < len(steps):
        raise Malformed("has two steps of one name")
    actions = {rule.action for rule in rows.rules}
    for waive in rows.waives:
        if gone := {waive.action, waive.when} - actions:
            raise Malformed(f"waives by `{min(gone)}`, which is no step")
    for copy, state in rows.copies.items():
        if not copy.startswith(f"{state}_"):
            raise Malformed(f"has `{copy}`, which is no round of `{state}`")
    made_later: set[str] = set()
    for rule in reversed(rows.rules):
        sources = [state for joined in rule.sources for state in joined]
        targets = [*rule.targets, *rule.fallbacks]
        for state in (*sources, *targets):
            if state not in rows.states:
                raise Malformed(f"has a step at `{state}`, which is no state")
        made_later.update(targets)
        if not made_later.isdisjoint(sources):
            raise Malformed(f"has `{rule.name}` before a step that leads to it")


def _unreadable(source: Source, what: str, at: int) -> Finding:
    conflict = source.text.find("<<<<<<<")
    if conflict >= 0:
        what, at = "holds the marks of a merge conflict", conflict
    return LOCK.finding(
        f"the lock file {what}",
        Span(source, at, min(at + 1, len(source.text))),
        "cannot be read from here",
        why="it keeps the meaning of the bits that are stored; without it they would"
        " have to be guessed",
        help="restore the file from version control, and build again",
    )


def _of_another(source: Source, owner: str, saga: str) -> Finding:
    at = source.text.find(f'"{owner}"')
    return LOCK.finding(
        f"the lock file is of the saga `{owner}`, not of `{saga}`",
        Span(source, at, at + len(owner) + 2),
        "another saga",
        why="the positions in it belong to the steps of that saga",
        help="restore the right file; if the saga was renamed, write its new name here",
    )


def _edited(source: Source, version: Version) -> Finding:
    at = max(source.text.find(version.digest), 0)
    state = "released version" if version.released else "draft"
    anew = (
        "" if version.released else "\na draft may also be taken out: it is made anew"
    )
    return LOCK_EDITED.finding(
        f"the {state} {version.number} in the lock file is not what it was",
        Span(source, at, at + len(version.digest)),
        "the digest is of other rows",
        why="records at rest are judged by these rows, so a hand that changes them"
        " changes what has happened",
        help="restore the file from version control; change the `.saga` file instead"
        f"{anew}",
    )
