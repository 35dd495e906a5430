"""How actions are performed: from clauses to what the runtime needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sagadsl import syntax
from sagadsl.diagnostics import Finding
from sagadsl.machine import Action as ActionRow
from sagadsl.model import Action, Compensation
from sagadsl.resolve.names import check_form, duplicate, unknown
from sagadsl.source import Span


def resolve_compensations(
    items: Iterable[syntax.CompensationItem], rows: Collection[str]
) -> tuple[dict[str, Compensation], list[Finding]]:
    """The compensations by the action that they take back."""
    items = tuple(items)
    undoes = {item.compensation.text for item in items}
    free = set(rows) - {item.action.text for item in items}
    found: dict[str, Compensation] = {}
    findings: list[Finding] = []
    for item in items:
        name = item.action.text
        if name not in rows:
            declare = f"write a row with the action `{name}`, or remove the line"
            if item.compensation.text in rows:
                declare = (
                    f"write `{item.compensation.text} : {name}`: first the action, then"
                    " what takes it back"
                )
            elif name in undoes:
                declare = "remove the line: only steps are taken back"
            findings.append(unknown("step", item.action, free, declare))
        if wrong := check_form(item.compensation):
            findings.append(wrong)
        if name in found:
            findings.append(
                duplicate(
                    f"the compensation of `{name}`",
                    item.span,
                    found[name].span,
                    why="a step is taken back by one action",
                    help="keep one, or let one action do both",
                )
            )
            continue
        found[name] = Compensation(name, item.compensation.text, item.span)
    return found, findings


def resolve_actions(
    items: Iterable[syntax.ActionItem],
    rows: Collection[str],
    undoes: Mapping[str, Compensation],
) -> tuple[dict[str, Action], list[Finding]]:
    """How the actions of rows and compensations are performed, by name."""
    found: dict[str, Action] = {}
    findings: list[Finding] = []
    known = {*rows, *(undo.compensation for undo in undoes.values())}
    items = tuple(items)
    free = known - {item.name.text for item in items}
    for item in items:
        name = item.name.text
        if name not in known:
            declare = f"write a row or a compensation with `{name}`, or remove the line"
            findings.append(unknown("action", item.name, free, declare))
        action, wrong = _action(item)
        findings += wrong
        if name in found:
            findings.append(
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
    return found, findings


def _action(item: syntax.ActionItem) -> tuple[Action, list[Finding]]:
    """An action, and what is wrong with its clauses."""
    spans: dict[str, Span] = {}
    findings: list[Finding] = []
    row = ActionRow(item.name.text, "")
    for clause in item.clauses:
        word = _word(clause)
        if word in spans:
            findings.append(
                duplicate(
                    f"`{word}`",
                    clause.span,
                    spans[word],
                    why="of two clauses that say the same thing one is a mistake",
                    help="keep one of them",
                )
            )
            continue
        spans[word] = clause.span
        row = _with(row, clause)
        if isinstance(clause, syntax.Probe) and (wrong := check_form(clause.name)):
            findings.append(wrong)
    row = row._replace(
        effect=next((word for word in ("once", "idempotent") if word in spans), ""),
        pivot="pivot" in spans,
        cannot_fail="cannot fail" in spans,
        no_undo="no undo" in spans,
        even_if_in_doubt="even if in doubt" in spans,
    )
    doc = item.doc.value if item.doc else ""
    return Action(row, "in doubt park" in spans, doc, item.name.span, spans), findings


def _with(row: ActionRow, clause: syntax.ActionClause) -> ActionRow:
    """A row with what a clause with an argument says."""
    if isinstance(clause, syntax.Probe):
        return row._replace(probe=clause.name.text)
    if isinstance(clause, syntax.Timeout):
        return row._replace(timeout=clause.duration.seconds)
    if isinstance(clause, syntax.Retry):
        return row._replace(
            attempts=clause.times.value,
            pause=clause.every.seconds if clause.every else 0,
            longest=clause.up_to.seconds if clause.up_to else 0,
        )
    return row


def _word(clause: syntax.ActionClause) -> str:
    if isinstance(clause, syntax.Flag):
        return clause.word
    return type(clause).__name__.lower()
