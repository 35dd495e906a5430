"""What a service asks of a process on an engine: a driver's words, as messages."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from sagadsl.engines.calls import now
from sagadsl.runtime import requests
from sagadsl.runtime.ask import Request
from sagadsl.runtime.given import as_json, is_id
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga

R = TypeVar("R")


class Asked(NamedTuple):
    """A request on its way to a process; `time` is in milliseconds since 1970."""

    kind: str
    values: dict[str, Any]
    key: str
    time: int

    @classmethod
    def of(cls, saga: Saga, given: Any) -> Asked:
        """A request as it has come: whoever reaches the engine can send anything.

        Raises `TypeError` for what no `Front` sends, since a process would end by it.
        """
        fields = [type(one) for one in given] if isinstance(given, list) else []
        if fields != [str, dict, str, int]:
            raise TypeError(f"{given!r} is no request")
        one = cls(*given)
        if one.kind not in _KINDS and not one.of_version:
            raise TypeError(f"there is no request `{one.kind}`")
        _check(one.values)
        try:
            as_json(one.values.get("values"))
        except ValueError as odd:
            raise TypeError(f"{one.kind} has odd data: {odd}") from odd
        one.request(saga)
        return one

    @property
    def of_version(self) -> bool:
        """Whether it asks to move to another version."""
        return self.kind == "upgrade"

    def request(self, saga: Saga, *, known: bool = True) -> Request:
        """What it asks; `known` is what `is_known` said where it was first judged."""
        if not known:
            return lambda _: requests.refused(saga.no_version(self.values["to"]))
        if self.of_version:
            return requests.upgrade(saga, **self.values)
        return _KINDS[self.kind](**self.values)

    def is_known(self, saga: Saga) -> bool:
        """Whether this worker knows the version that is asked for, if one is.

        A newer worker that runs the process again knows more: so it is to be stored.
        """
        return not self.of_version or self.values["to"] in saga.versions


class Front(ABC, Generic[R]):
    """Asks processes of one saga; `R` is a `Result`, or what is awaited for one.

    `timeout` is for how many seconds it waits until a process has judged a request.
    What JSON cannot hold, or has another type, is a `TypeError` before it is sent.
    """

    saga: Saga
    timeout: float = 60.0

    def fire(
        self,
        aggregate_id: str,
        action: str,
        by: str = "",
        data: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> R:
        """Take a step that an actor asks for or reports, or the saga's abort.

        Accepted is that it begins: an action of ours is performed after that.
        """
        values = as_json(data)
        return self._send(
            aggregate_id, "fire", action=action, by=by, values=values, note=note
        )

    def abort(self, aggregate_id: str, by: str = "operator", note: str = "") -> R:
        """Give a process up, and take back what is done."""
        return self._send(aggregate_id, "abort", by=by, note=note)

    def resolve(
        self,
        aggregate_id: str,
        action: str,
        *,
        happened: bool,
        by: str = "operator",
        note: str = "",
    ) -> R:
        """Say whether a step that waits for a person has happened."""
        return self._send(
            aggregate_id, "resolve", action=action, happened=happened, by=by, note=note
        )

    def retry(
        self, aggregate_id: str, action: str, by: str = "operator", note: str = ""
    ) -> R:
        """Have a step that waits for a person go on."""
        return self._send(aggregate_id, "retry", action=action, by=by, note=note)

    def upgrade(
        self, aggregate_id: str, to: int | None = None, by: str = "operator"
    ) -> R:
        """Move a process to another version, the newest if none is named."""
        number = self.saga.latest.number if to is None else to
        return self._send(aggregate_id, "upgrade", to=number, by=by)

    def look(self, aggregate_id: str) -> R:
        """Where a process stands: the record and the states of the result.

        The reason tells what waits for a person.
        """
        return self._send(aggregate_id, "look")

    def _send(self, aggregate_id: str, kind: str, **values: Any) -> R:
        _check(values)
        return self._ask(aggregate_id, Asked(kind, values, secrets.token_hex(8), now()))

    @abstractmethod
    def _ask(self, aggregate_id: str, asked: Asked) -> R:
        """Send a request, and give what becomes of it."""


def told(result: Result) -> list[Any]:
    """A result as JSON."""
    held = [str(state) for state in result.held]
    return [str(result.outcome), result.reason, [*(result.record or ())], held]


def heard(saga: Saga, told: list[Any]) -> Result:
    """A result that was JSON."""
    outcome, why, record, held = told
    known = saga.module.Record(*record) if record else None
    return Result(Outcome(outcome), why, known, tuple(held))


def over(saga: Saga, aggregate_id: str, end: Mapping[str, Any]) -> Result:
    """What comes of asking a process that has ended, as the workflow returned it."""
    why = f"{saga.name} {aggregate_id} ended as {end['outcome']}"
    return Result(Outcome.REFUSED, why, saga.module.Record(*end["record"]))


def under_way(saga: Saga, aggregate_id: str) -> Result:
    """What comes of starting a process again."""
    return Result(Outcome.ALREADY_DONE, f"{saga.name} {aggregate_id} is under way")


def unknown(saga: Saga, aggregate_id: str) -> Result:
    """What comes of asking a process that there is not."""
    shown = aggregate_id if is_id(aggregate_id) else ascii(aggregate_id)
    return Result(Outcome.UNKNOWN, f"there is no {saga.name} {shown}")


def _check(values: Mapping[str, Any]) -> None:
    """Raise `TypeError` for what has another name or type in a request."""
    for name, value in values.items():
        wanted = _TYPES.get(name, type(None))
        if not isinstance(value, wanted):
            raise TypeError(f"`{name}` is of the type {wanted.__name__}, not {value!r}")


_TYPES = {
    **dict.fromkeys(("action", "by", "note"), str),
    "values": dict,
    "happened": bool,
    "to": int,
}
_KINDS: dict[str, Callable[..., Request]] = {
    "fire": requests.fire,
    "abort": requests.abort,
    "resolve": requests.resolve,
    "retry": requests.retry,
    "look": requests.look,
}
