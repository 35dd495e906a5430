"""The grammar's rules, as syntax nodes: one method for each rule, in its order."""

from __future__ import annotations

from typing import Any, cast

from sagadsl import syntax
from sagadsl.diagnostics import Finding
from sagadsl.parser.number import check_count, check_duration
from sagadsl.parser.string import read_string
from sagadsl.parser.tokens import Token
from sagadsl.source import Source, Span


class Builder:
    """Makes syntax nodes while the parser runs, so that nothing walks a tree.

    The children of a rule are all that it was made of, words and signs included.
    """

    source: Source
    findings: list[Finding]

    def start(self, source: Source) -> None:
        """Begins a text."""
        self.source = source
        self.findings = []

    def _span(self, children: list[Any]) -> Span:
        first, last = children[0], children[-1]
        start = _start(first)
        return Span(self.source, start, _end(last))

    def _text(self, token: Token) -> syntax.Text:
        span = self._span([token])
        value = read_string(token.text, span)
        if isinstance(value, Finding):
            self.findings.append(value)
            value = ""
        return syntax.Text(value, span)

    def _doc(self, children: list[Any]) -> syntax.Text | None:
        last = children[-1]
        if isinstance(last, Token) and last.type == "STRING":
            return self._text(last)
        return None

    def saga(self, children: list[Any]) -> syntax.SagaSyntax:
        """A whole file; the comments are added when all is read."""
        title = children[2]
        return syntax.SagaSyntax(
            self.source,
            children[1],
            self._text(title) if title.type == "STRING" else None,
            tuple(child for child in children[2:] if not isinstance(child, Token)),
            (),
            self._span(children),
        )

    def aggregate(self, children: list[Any]) -> syntax.Aggregate:
        """`aggregate NAME`."""
        return syntax.Aggregate(children[1], self._span(children))

    def expires(self, children: list[Any]) -> syntax.Expires:
        """`expires after DURATION`."""
        return syntax.Expires(children[2], self._span(children))

    def remember(self, children: list[Any]) -> syntax.Remember:
        """`remember for DURATION`."""
        return syntax.Remember(children[2], self._span(children))

    def abort(self, children: list[Any]) -> syntax.Abort:
        """`abort NAME`, or `abort NAME by ACTOR | …`."""
        actors = children[2].actors if len(children) > 2 else ()
        return syntax.Abort(children[1], actors, self._span(children))

    def block(self, children: list[Any]) -> syntax.Block:
        """`WORD { ITEM … }`."""
        word = children[0]
        if word.text == "actions":
            items = self._actions(children[2:-1])
        else:
            items = tuple(c for c in children[2:-1] if not isinstance(c, Token))
        name = syntax.Name(word.text, self._span([word]))
        return syntax.Block(name, items, self._span(children))

    def state(self, children: list[Any]) -> syntax.StateItem:
        """`initial NAME was NAME "text"`, where all but the name may be absent."""
        words = []
        for child in children:
            if isinstance(child, syntax.Name):
                break
            words.append(child.text)
        return syntax.StateItem(
            next(c for c in children if isinstance(c, syntax.Name)),
            cast("Any", " ".join(words)),
            next((c.name for c in children if isinstance(c, syntax.Was)), None),
            self._doc(children),
            self._span(children),
        )

    def row(self, children: list[Any]) -> syntax.Row:
        """`SOURCES -> STATES else STATES : NAME CLAUSE … "text"`."""
        sources, targets = children[0], children[2]
        at = 3
        otherwise: tuple[syntax.Name, ...] = ()
        if children[at].type == "ELSE":
            otherwise = children[at + 1]
            at += 2
        return syntax.Row(
            sources,
            targets,
            otherwise,
            children[at + 1],
            tuple(c for c in children[at + 2 :] if not isinstance(c, Token)),
            self._doc(children),
            self._span([sources[0][0], children[-1]]),
        )

    def sources(self, children: list[Any]) -> tuple[tuple[syntax.Name, ...], ...]:
        """`STATES | STATES | …`: the alternatives."""
        return tuple(children[::2])

    def states(self, children: list[Any]) -> tuple[syntax.Name, ...]:
        """`NAME & NAME & …`."""
        return tuple(children[::2])

    def by(self, children: list[Any]) -> syntax.By:
        """`by ACTOR | …`."""
        return syntax.By(tuple(children[1::2]), self._span(children))

    def after(self, children: list[Any]) -> syntax.After:
        """`after DURATION`."""
        return syntax.After(children[1], self._span(children))

    def limit(self, children: list[Any]) -> syntax.Limit:
        """`up to COUNT times`."""
        return syntax.Limit(children[2], self._span(children))

    def was(self, children: list[Any]) -> syntax.Was:
        """`was NAME`."""
        return syntax.Was(children[1], self._span(children))

    def compensation(self, children: list[Any]) -> syntax.CompensationItem:
        """`NAME : NAME`."""
        return syntax.CompensationItem(children[0], children[2], self._span(children))

    def _actions(self, children: list[Any]) -> tuple[syntax.ActionItem, ...]:
        """Gathers heads and the clauses that follow each."""
        items: list[syntax.ActionItem] = []
        for child in children:
            if isinstance(child, syntax.Name):
                items.append(syntax.ActionItem(child, (), None, child.span))
            elif isinstance(child, Token):
                if child.type == "STRING":
                    doc = self._text(child)
                    items[-1] = items[-1]._replace(
                        doc=doc, span=items[-1].span.to(doc.span)
                    )
            else:
                items[-1] = items[-1]._replace(
                    clauses=(*items[-1].clauses, child),
                    span=items[-1].span.to(child.span),
                )
        return tuple(items)

    def head(self, children: list[Any]) -> syntax.Name:
        """`NAME :`, which begins an action."""
        return cast("syntax.Name", children[0])

    def flag(self, children: list[Any]) -> syntax.Flag:
        """A clause of words alone, such as `no undo`."""
        return syntax.Flag(
            cast("Any", " ".join(c.text for c in children)), self._span(children)
        )

    def probe(self, children: list[Any]) -> syntax.Probe:
        """`probe NAME`."""
        return syntax.Probe(children[1], self._span(children))

    def retry(self, children: list[Any]) -> syntax.Retry:
        """`retry COUNT times every DURATION up to DURATION`."""
        durations = [c for c in children if isinstance(c, syntax.Duration)]
        every = durations[0] if durations else None
        up_to = durations[1] if len(durations) > 1 else None
        return syntax.Retry(children[1], every, up_to, self._span(children))

    def timeout(self, children: list[Any]) -> syntax.Timeout:
        """`timeout DURATION`."""
        return syntax.Timeout(children[1], self._span(children))

    def needs(self, children: list[Any]) -> syntax.Needs:
        """`NAME needs NAME`; the first arrives as a token."""
        return syntax.Needs(self.name(children[:1]), children[2], self._span(children))

    def never(self, children: list[Any]) -> syntax.Never:
        """`never NAME with NAME`."""
        return syntax.Never(children[1], children[3], self._span(children))

    def always(self, children: list[Any]) -> syntax.Always:
        """`from NAME always NAME or …`."""
        return syntax.Always(children[1], tuple(children[3::2]), self._span(children))

    def scenario(self, children: list[Any]) -> syntax.ScenarioItem:
        """`"title" : MOVE, … => NAME`."""
        moves = tuple(c for c in children if isinstance(c, syntax.Move))
        return syntax.ScenarioItem(
            self._text(children[0]), moves, children[-1], self._span(children)
        )

    def move(self, children: list[Any]) -> syntax.Move:
        """`NAME`, or `NAME fails`."""
        return syntax.Move(children[0], len(children) > 1, self._span(children))

    def waive(self, children: list[Any]) -> syntax.WaiveItem:
        span = self._span(children)
        return syntax.WaiveItem(children[1], children[3], children[5], span)

    def duration(self, children: list[Any]) -> syntax.Duration:
        """`INT UNIT`; with a finding, one second in its place."""
        number, unit = children
        span = self._span(children)
        finding = check_duration(
            number.text, unit.text, self._span([number]), unit.span
        )
        if finding is not None:
            self.findings.append(finding)
            return syntax.Duration(1, "second", span)
        return syntax.Duration(int(number.text), unit.text.removesuffix("s"), span)

    def count(self, children: list[Any]) -> syntax.Count:
        """`INT`; with a finding, one in its place."""
        span = self._span(children)
        digits = children[0].text
        finding = check_count(digits, span)
        if finding is not None:
            self.findings.append(finding)
            return syntax.Count(1, span)
        return syntax.Count(int(digits), span)

    def name(self, children: list[Any]) -> syntax.Name:
        """A name, or a word that stands for one."""
        return syntax.Name(children[0].text, self._span(children))

    key = name


def _start(node: Any) -> int:
    return cast("int", node.start if isinstance(node, Token) else node.span.start)


def _end(node: Any) -> int:
    return cast("int", node.end if isinstance(node, Token) else node.span.end)
