"""Two versions in one picture: what was added, removed and changed."""

from __future__ import annotations

from sagadsl.emit.diagram import Diagram, StateNode, StepNode, diagram_of
from sagadsl.emit.difference import changed_settings, changed_waives, version_heads
from sagadsl.emit.rows import bound, clauses
from sagadsl.emit.standing import Mark, StateMark, StepMark
from sagadsl.model import Pinned
from sagadsl.versions.changes import Changes, RowChange, StateChange


def merged_diagram(pinned: Pinned, changes: Changes) -> Diagram:
    """The rows and states of both versions, each once and marked where they differ."""
    settings = (f"{now}, was: {was}" for was, now in changed_settings(changes))
    waives = (
        f"{Mark.ADDED if new else Mark.REMOVED}: {line}"
        for line, new in changed_waives(changes)
    )
    old, new = (
        diagram_of(pinned, None, version) for version in (changes.old, changes.new)
    )
    boxes = {state.name: state for state in (*old.states, *new.states)}
    before = {step.action: step for step in old.steps}
    after = {step.action: step for step in new.steps}
    return new._replace(
        terms=(" and ".join(version_heads(changes)), *settings, *waives),
        states=tuple(_state(boxes[each.state], each) for each in changes.states),
        steps=tuple(
            _step(
                before[row.old.transition.action] if row.old else None,
                after[row.new.transition.action] if row.new else None,
                row,
            )
            for row in changes.rows
        ),
        choices=old.choices | new.choices,
    )


def _state(node: StateNode, change: StateChange) -> StateNode:
    if change.old is None:
        return node._replace(standing=StateMark(Mark.ADDED))
    if change.new is None:
        return node._replace(standing=StateMark(Mark.REMOVED))
    if change.old == change.new:
        return node
    was = f"was {change.old or 'a state on the way'}"
    return node._replace(standing=StateMark(Mark.CHANGED, (was,)))


def _step(old: StepNode | None, new: StepNode | None, change: RowChange) -> StepNode:
    if old is None or new is None:
        found = old or new
        assert found, "a row is in one of the versions"
        mark = Mark.REMOVED if old else Mark.ADDED
        return found._replace(standing=StepMark(mark))
    if not change.changed:
        return new
    lines = {
        (side, name): Mark.ADDED if name in now else Mark.REMOVED
        for side, was, now in (
            ("in", old.origins, new.origins),
            ("out", old.targets, new.targets),
            ("else", old.otherwise, new.otherwise),
        )
        for name in set(was) ^ set(now)
    }

    def gone(side: str, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(n for n in names if lines.get((side, n)) is Mark.REMOVED)

    row = new._replace(
        sources=(*new.sources, *((name,) for name in gone("in", old.origins))),
        targets=(*new.targets, *gone("out", old.targets)),
        otherwise=(*new.otherwise, *gone("else", old.otherwise)),
        standing=StepMark(Mark.CHANGED, was=_was(change), lines=lines),
    )
    if "effect" in change.changed and change.new:
        row = row._replace(effect=", ".join(clauses(change.new.how)))
    return row


def _was(change: RowChange) -> tuple[str, ...]:
    """What was said of a row and is no longer."""
    old = change.old
    assert old, "what has changed was there before"
    same = change.new and change.new.undo == old.undo
    how = f", {', '.join(clauses(old.undo_how))}" if same else ""
    said = {
        "action": old.transition.action,
        "trigger": old.transition.trigger or "by anyone",
        "bound": bound(old.limit) or "once",
        "effect": ", ".join(clauses(old.how)),
        "compensation": f"undo: {old.undo}{how}" if old.undo else "no compensation",
    }
    return tuple(words for what, words in said.items() if what in change.changed)
