"""What was written: one node for each thing in a `.saga` file, with its place."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from sagadsl.source import Source, Span


class Name(NamedTuple):
    """A name where it stands."""

    text: str
    span: Span


class Text(NamedTuple):
    """A string, its escapes resolved."""

    value: str
    span: Span


class Count(NamedTuple):
    """A whole number."""

    value: int
    span: Span


SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


class Duration(NamedTuple):
    """An amount of units; `unit` is singular: `second`, `minute`, `hour`, `day`."""

    amount: int
    unit: str
    span: Span

    @property
    def seconds(self) -> int:
        """The length in seconds."""
        return self.amount * SECONDS[self.unit]


class Comment(NamedTuple):
    """A comment from its `#` to the end of the line."""

    text: str
    span: Span


class Aggregate(NamedTuple):
    """`aggregate order_id`."""

    name: Name
    span: Span


class Expires(NamedTuple):
    """`expires after 30 days`."""

    duration: Duration
    span: Span


class Remember(NamedTuple):
    """`remember for 90 days`."""

    duration: Duration
    span: Span


class Abort(NamedTuple):
    """`abort call_off by user | ops`; no actors means any."""

    name: Name
    actors: tuple[Name, ...]
    span: Span


class StateItem(NamedTuple):
    """`final shipped was sent "text"`; most states have no kind."""

    name: Name
    kind: Literal["", "initial", "final", "final failure"]
    was: Name | None
    doc: Text | None
    span: Span


class By(NamedTuple):
    """`by user | ops`, or `by system`."""

    actors: tuple[Name, ...]
    span: Span


class After(NamedTuple):
    """`after 15 minutes`."""

    duration: Duration
    span: Span


class Limit(NamedTuple):
    """`up to 2 times`."""

    times: Count
    span: Span


class Was(NamedTuple):
    """`was make_payment`."""

    name: Name
    span: Span


RowClause = By | After | Limit | Was


class Row(NamedTuple):
    """One transition: `a & b | c -> d else e : action by user`.

    `sources` holds the alternatives, each a set of states that are joined.
    """

    sources: tuple[tuple[Name, ...], ...]
    targets: tuple[Name, ...]
    otherwise: tuple[Name, ...]
    action: Name
    clauses: tuple[RowClause, ...]
    doc: Text | None
    span: Span


class CompensationItem(NamedTuple):
    """`make_payment : refund_payment`."""

    action: Name
    compensation: Name
    span: Span


class Flag(NamedTuple):
    """A clause of an action that has no argument, such as `once` or `no undo`."""

    word: Literal[
        "once",
        "idempotent",
        "in doubt park",
        "cannot fail",
        "pivot",
        "no undo",
        "even if in doubt",
    ]
    span: Span


class Probe(NamedTuple):
    """`probe payment_status`."""

    name: Name
    span: Span


class Retry(NamedTuple):
    """`retry 3 times every 5 seconds up to 1 hour`."""

    times: Count
    every: Duration | None
    up_to: Duration | None
    span: Span


class Timeout(NamedTuple):
    """`timeout 30 seconds`."""

    duration: Duration
    span: Span


ActionClause = Flag | Probe | Retry | Timeout


class ActionItem(NamedTuple):
    """`make_payment : once, probe payment_status "text"`."""

    name: Name
    clauses: tuple[ActionClause, ...]
    doc: Text | None
    span: Span


class Needs(NamedTuple):
    """`hand_to_courier needs make_payment`."""

    action: Name
    needed: Name
    span: Span


class Never(NamedTuple):
    """`never cancel_order with make_payment`."""

    action: Name
    other: Name
    span: Span


class Always(NamedTuple):
    """`from payment_made always delivered or compensated`."""

    state: Name
    outcomes: tuple[Name, ...]
    span: Span


PropertyItem = Needs | Never | Always


class Move(NamedTuple):
    """One step of a scenario: `make_payment`, or `make_payment fails`."""

    action: Name
    fails: bool
    span: Span


class ScenarioItem(NamedTuple):
    """`"happy path" : check_out, make_payment => payment_made`."""

    title: Text
    moves: tuple[Move, ...]
    result: Name
    span: Span


class WaiveItem(NamedTuple):
    """`from 2 waive scan_parcel when pack_parcel`."""

    version: Count
    action: Name
    when: Name
    span: Span


HeaderItem = Aggregate | Expires | Remember | Abort
Item = (
    StateItem
    | Row
    | CompensationItem
    | ActionItem
    | PropertyItem
    | ScenarioItem
    | WaiveItem
)


class Block(NamedTuple):
    """A section in braces: `states { … }`."""

    word: Name
    items: tuple[Item, ...]
    span: Span


class SagaSyntax(NamedTuple):
    """A whole file; the parts stand in the order in which they were written."""

    source: Source
    name: Name
    title: Text | None
    parts: tuple[HeaderItem | Block, ...]
    comments: tuple[Comment, ...]
    span: Span
