"""A whole saga: its sections, each in its turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TypeVar

from sagadsl import model, syntax
from sagadsl.diagnostics import Finding, Label, Rule
from sagadsl.resolve import loops
from sagadsl.resolve.actions import resolve_action, seconds
from sagadsl.resolve.names import check_form, duplicate, unknown
from sagadsl.resolve.rows import resolve_rows, resolve_states
from sagadsl.source import Span

FILE_NAME = Rule("SAGA106", "file-name")
MISSING = Rule("SAGA107", "missing")
NAME_CLASH = Rule("SAGA105", "name-clash")

OUTCOMES = ("refused", "compensated", "expired")
DEFAULT_REMEMBER = 90 * 86400

Node = TypeVar("Node")


def resolve_saga(
    tree: syntax.SagaSyntax,
) -> tuple[model.Saga | None, tuple[Finding, ...]]:
    """What a file means, or what is wrong with its names; None if something is."""
    saga, findings = _Resolver(tree).resolve()
    return (None if findings else saga), tuple(findings)


class _Resolver:
    """The sections found so far, and what is wrong with them."""

    def __init__(self, tree: syntax.SagaSyntax) -> None:
        self.tree = tree
        self.findings: list[Finding] = []

    def resolve(self) -> tuple[model.Saga | None, list[Finding]]:
        tree, findings = self.tree, self.findings
        findings.extend(_check_saga(tree))
        findings.extend(_check_parts(tree))
        states, wrong = resolve_states(self._items(syntax.StateItem))
        findings.extend(wrong)
        rows, wrong = resolve_rows(self._items(syntax.Row), states)
        findings.extend(wrong)
        compensations = self._compensations(rows)
        actions = self._actions(rows, compensations)
        properties = tuple(self._properties(states, rows))
        abort = self._abort(rows)
        scenarios = tuple(self._scenarios(states, rows, abort))
        if not findings and (wrong_size := loops.check_size(rows)):
            findings.append(wrong_size)
        if findings:
            return None, findings
        initial = [s.name for s in states.values() if s.kind == "initial"]
        places, steps = loops.unroll(states, rows, initial)
        aggregate = next(self._parts(syntax.Aggregate))
        expires = next(self._parts(syntax.Expires), None)
        remember = next(self._parts(syntax.Remember), None)
        saga = model.Saga(
            tree.source,
            tree.name.text,
            tree.name.span,
            tree.title.value if tree.title else "",
            aggregate.name.text,
            seconds(expires.duration) if expires else 0,
            seconds(remember.duration) if remember else DEFAULT_REMEMBER,
            abort,
            states,
            rows,
            compensations,
            actions,
            properties,
            scenarios,
            places,
            steps,
        )
        findings.extend(_check_rounds(saga))
        return saga, findings

    def _parts(self, kind: type[Node]) -> Iterator[Node]:
        return (part for part in self.tree.parts if isinstance(part, kind))

    def _items(self, kind: type[Node]) -> Iterator[Node]:
        for block in self._parts(syntax.Block):
            for item in block.items:
                if isinstance(item, kind):
                    yield item

    def _compensations(
        self, rows: dict[str, model.Transition]
    ) -> dict[str, model.Compensation]:
        found: dict[str, model.Compensation] = {}
        for item in self._items(syntax.CompensationItem):
            name, undo = item.action.text, item.compensation.text
            if name not in rows:
                declare = f"write a row with the action `{name}`, or remove the line"
                self.findings.append(unknown("action", item.action, rows, declare))
            if wrong := check_form(item.compensation):
                self.findings.append(wrong)
            if name in found:
                self.findings.append(
                    duplicate(
                        f"the compensation of `{name}`",
                        item.span,
                        found[name].span,
                        why="a step is taken back by one action",
                        help="keep one, or let one action do both",
                    )
                )
                continue
            found[name] = model.Compensation(name, undo, item.span)
        return found

    def _actions(
        self,
        rows: dict[str, model.Transition],
        compensations: dict[str, model.Compensation],
    ) -> dict[str, model.Action]:
        found: dict[str, model.Action] = {}
        known = {*rows, *(c.compensation for c in compensations.values())}
        for item in self._items(syntax.ActionItem):
            name = item.name.text
            if name not in known:
                declare = (
                    f"write a row or a compensation with `{name}`, or remove the line"
                )
                self.findings.append(unknown("action", item.name, known, declare))
            action, wrong = resolve_action(item)
            self.findings.extend(wrong)
            for clause in item.clauses:
                if isinstance(clause, syntax.Probe) and (
                    bad := check_form(clause.name)
                ):
                    self.findings.append(bad)
            if name in found:
                self.findings.append(
                    duplicate(
                        f"the rule for `{name}`",
                        item.name.span,
                        found[name].span,
                        why="how an action is performed is said in one place",
                        help="join the two",
                    )
                )
                continue
            found[name] = action
        return found

    def _abort(self, rows: dict[str, model.Transition]) -> model.Abort | None:
        part = next(self._parts(syntax.Abort), None)
        if part is None:
            return None
        for name in (part.name, *part.actors):
            if wrong := check_form(name):
                self.findings.append(wrong)
        if part.name.text in rows:
            row = rows[part.name.text]
            self.findings.append(
                NAME_CLASH.finding(
                    f"`{part.name.text}` is a request to abort and an action",
                    part.name.span,
                    "asks for the process to be given up",
                    why="an event of this name would mean two things",
                    help="name one of them otherwise",
                    others=(Label(row.name_span, "an action of a row"),),
                )
            )
        return model.Abort(part.name.text, tuple(name.text for name in part.actors))

    def _known(self, what: str, name: syntax.Name, known: Iterable[str]) -> str:
        """A name that must be declared."""
        names = list(known)
        if name.text not in names:
            declare = f"write one of the {what}s that are declared"
            self.findings.append(unknown(what, name, names, declare))
        return name.text

    def _properties(
        self, states: dict[str, model.State], rows: dict[str, model.Transition]
    ) -> Iterator[model.Needs | model.Never | model.Always]:
        for block in self._parts(syntax.Block):
            for item in block.items:
                if isinstance(item, syntax.Needs):
                    action = self._known("action", item.action, rows)
                    needed = self._known("action", item.needed, rows)
                    yield model.Needs(action, needed, item.span)
                elif isinstance(item, syntax.Never):
                    action = self._known("action", item.action, rows)
                    other = self._known("action", item.other, rows)
                    yield model.Never(action, other, item.span)
                elif isinstance(item, syntax.Always):
                    state = self._known("state", item.state, states)
                    ends = [
                        self._known("state", name, (*states, "compensated"))
                        for name in item.outcomes
                    ]
                    yield model.Always(state, tuple(ends), item.span)

    def _scenarios(
        self,
        states: dict[str, model.State],
        rows: dict[str, model.Transition],
        abort: model.Abort | None,
    ) -> Iterator[model.Scenario]:
        known = (*rows, *([abort.name] if abort else []))
        titles: dict[str, syntax.Text] = {}
        for item in self._items(syntax.ScenarioItem):
            first = titles.setdefault(item.title.value, item.title)
            if first is not item.title:
                self.findings.append(
                    duplicate(
                        "the title of a scenario",
                        item.title.span,
                        first.span,
                        why="a report must say which of the two failed",
                        help="give it a title of its own",
                    )
                )
            moves = tuple(
                model.Move(self._known("action", m.action, known), m.fails, m.span)
                for m in item.moves
            )
            result = self._known("state", item.result, (*states, *OUTCOMES))
            yield model.Scenario(item.title.value, moves, result, item.span)


def _check_saga(tree: syntax.SagaSyntax) -> Iterator[Finding]:
    if wrong := check_form(tree.name):
        yield wrong
    stem = PurePosixPath(tree.source.path).name.removesuffix(".saga")
    if stem != tree.name.text:
        yield FILE_NAME.finding(
            f"the file `{stem}.saga` holds the saga `{tree.name.text}`",
            tree.name.span,
            f"not `{stem}`",
            why="whoever reads the name looks for the file of that name, and what is"
            " emitted is named after it",
            help=f"rename the file to `{tree.name.text}.saga`, or the saga",
        )


def _check_parts(tree: syntax.SagaSyntax) -> Iterator[Finding]:
    first: dict[str, Span] = {}
    for part in tree.parts:
        if isinstance(part, syntax.Block):
            word, span = part.word
        else:
            word, span = type(part).__name__.lower(), part.span
        if word in first:
            yield duplicate(
                f"`{word}`",
                span,
                first[word],
                why="each thing is said in one place",
                help="join the two",
            )
        first.setdefault(word, span)
        if isinstance(part, syntax.Aggregate) and (wrong := check_form(part.name)):
            yield wrong
    for word, example in (
        ("aggregate", "aggregate order_id"),
        ("states", "states { initial begun … final ended }"),
        ("transitions", "transitions { begun -> ended : end }"),
    ):
        if word not in first:
            yield MISSING.finding(
                f"the saga `{tree.name.text}` has no `{word}`",
                tree.name.span,
                f"says no `{word}`",
                why="a process needs an id, states and transitions between them",
                help=f"add `{example}`",
            )


def _check_rounds(saga: model.Saga) -> Iterator[Finding]:
    """That the rounds of a loop get names that nothing else has."""
    steps = {step.name for step in saga.steps if not step.round}
    for step in saga.steps:
        if step.round and step.name in steps:
            row = saga.transitions[step.name]
            yield _round_clash("action", step.name, step.transition.action, row)
    for place, state in saga.places.items():
        if place != state and place in saga.states:
            yield _round_clash("state", place, state, saga.states[place])


def _round_clash(
    what: str, name: str, of: str, declared: model.Transition | model.State
) -> Finding:
    span = (
        declared.name_span if isinstance(declared, model.Transition) else declared.span
    )
    return NAME_CLASH.finding(
        f"the {what} `{name}` is also a later round of `{of}`",
        span,
        f"the name that a round of `{of}` gets",
        why="the rounds of a loop are numbered, and each needs a name of its own",
        help=f"name the {what} otherwise",
    )
