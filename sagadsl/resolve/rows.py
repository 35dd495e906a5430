"""States and transitions: from rows to the model."""

from __future__ import annotations

from collections.abc import Iterable

from sagadsl import syntax
from sagadsl.diagnostics import Finding
from sagadsl.model import State, Transition, Trigger
from sagadsl.resolve.names import check_form, duplicate, unknown
from sagadsl.source import Span


def resolve_states(
    items: Iterable[syntax.StateItem],
) -> tuple[dict[str, State], list[Finding]]:
    """The declared states by name."""
    states: dict[str, State] = {}
    findings: list[Finding] = []
    for item in items:
        name = item.name.text
        if wrong := check_form(item.name):
            findings.append(wrong)
        if name in states:
            findings.append(
                duplicate(
                    f"the state `{name}`",
                    item.name.span,
                    states[name].span,
                    why="a state is declared once, in the place it has in tables",
                    help="remove one of the two, or give it another name",
                )
            )
            continue
        was = item.was.text if item.was else ""
        doc = item.doc.value if item.doc else ""
        states[name] = State(name, item.kind, was, doc, item.name.span)
    return states, findings


def resolve_rows(
    rows: Iterable[syntax.Row], states: dict[str, State]
) -> tuple[dict[str, Transition], list[Finding]]:
    """The transitions by action."""
    transitions: dict[str, Transition] = {}
    findings: list[Finding] = []
    for row in rows:
        name = row.action.text
        if wrong := check_form(row.action):
            findings.append(wrong)
        findings.extend(_check_states(row, states))
        if name in transitions:
            findings.append(
                duplicate(
                    f"the action `{name}`",
                    row.action.span,
                    transitions[name].name_span,
                    why="an action is one step with one bit, done at most once, so it"
                    " has one row",
                    help="join the rows as `a | b -> c`, or name the actions apart",
                )
            )
            continue
        transitions[name], wrongs = _transition(row)
        findings.extend(wrongs)
    return transitions, findings


def _check_states(row: syntax.Row, states: dict[str, State]) -> Iterable[Finding]:
    for group in (*row.sources, row.targets, row.otherwise):
        seen: dict[str, Span] = {}
        for name in group:
            if name.text not in states:
                declare = f"declare `{name.text}` in `states`"
                yield unknown("state", name, states, declare)
            elif name.text in seen:
                yield duplicate(
                    f"`{name.text}`",
                    name.span,
                    seen[name.text],
                    why="a state is held or not held, never twice",
                    help="write it once",
                )
            seen[name.text] = name.span
    sources: dict[frozenset[str], Span] = {}
    for group in row.sources:
        key = frozenset(name.text for name in group)
        span = group[0].span.to(group[-1].span)
        if key in sources:
            yield duplicate(
                f"the source `{' & '.join(name.text for name in group)}`",
                span,
                sources[key],
                why="the same source twice says nothing more",
                help="write it once",
            )
        sources.setdefault(key, span)


def _transition(row: syntax.Row) -> tuple[Transition, list[Finding]]:
    trigger = Trigger("", (), 0, None)
    limit, was = 0, ""
    limit_span: Span | None = None
    findings: list[Finding] = []
    seen: dict[str, Span] = {}
    for clause in row.clauses:
        kind = "trigger"
        if isinstance(clause, syntax.Limit):
            kind, limit, limit_span = "`up to`", clause.times.value, clause.span
        elif isinstance(clause, syntax.Was):
            kind, was = "`was`", clause.name.text
        else:
            trigger = _trigger(clause)
            findings.extend(_check_actors(clause))
        if kind in seen:
            findings.append(_twice(kind, row.action.text, clause.span, seen[kind]))
        seen[kind] = clause.span
    transition = Transition(
        tuple(tuple(name.text for name in group) for group in row.sources),
        tuple(name.text for name in row.targets),
        tuple(name.text for name in row.otherwise),
        row.action.text,
        trigger,
        limit,
        was,
        row.doc.value if row.doc else "",
        row.span,
        row.action.span,
        limit_span,
    )
    return transition, findings


def _twice(kind: str, action: str, span: Span, first: Span) -> Finding:
    actors = "; `by a | b` names several actors" if kind == "trigger" else ""
    return duplicate(
        f"the {kind} of `{action}`",
        span,
        first,
        why="a row says each thing once",
        help=f"keep one of the two{actors}",
    )


def _trigger(clause: syntax.By | syntax.After) -> Trigger:
    if isinstance(clause, syntax.By):
        actors = tuple(name.text for name in clause.actors)
        return Trigger(f"by {' | '.join(actors)}", actors, 0, clause.span)
    duration = clause.duration
    plural = "" if duration.amount == 1 else "s"
    text = f"after {duration.amount} {duration.unit}{plural}"
    return Trigger(text, (), duration.seconds, clause.span)


def _check_actors(clause: syntax.By | syntax.After) -> Iterable[Finding]:
    if isinstance(clause, syntax.After):
        return
    names = [name.text for name in clause.actors]
    for name in clause.actors:
        if wrong := check_form(name):
            yield wrong
        elif names.count(name.text) > 1:
            first = next(other for other in clause.actors if other.text == name.text)
            if first is not name:
                yield duplicate(
                    f"the actor `{name.text}`",
                    name.span,
                    first.span,
                    why="an actor may fire a transition or may not",
                    help="write it once",
                )
