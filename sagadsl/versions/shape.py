"""Reading JSON of which nothing is taken on trust."""

from __future__ import annotations

import re
from keyword import kwlist
from typing import Any, TypeVar

_NAME = re.compile(rf"(?!(?:{'|'.join(kwlist)})\b)[a-z][a-z0-9_]{{0,127}}")
_STATES = re.compile(rf"{_NAME.pattern}(?: [&|] {_NAME.pattern})*")
_DIGITS = re.compile(r"[0-9]+(?:_[0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TRIGGER = re.compile(
    rf"|by {_NAME.pattern}(?: \| {_NAME.pattern})*"
    r"|after [1-9][0-9]{0,14} (?:second|minute|hour|day)s?"
)
_KINDS = ("", "initial", "final", "final failure")
_EFFECTS = ("", "once", "idempotent")
_LARGEST = 1 << 53
_MOST_STEPS = 1 << 20

Value = TypeVar("Value")


class Malformed(ValueError):
    """What a text lacks, as the end of a sentence about it."""


class Shape:
    """An object of JSON and the fields that it must have."""

    def __init__(self, value: Any, what: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"has something else where {what} should be")
        self._value: dict[str, Any] = value
        self._what = what

    def has(self, key: str) -> bool:
        """Whether there is such a field."""
        return key in self._value

    def _get(self, key: str, kind: type[Value], default: Value | None) -> Value:
        value = self._value.get(key, default)
        if type(value) is not kind:
            raise Malformed(f"has no valid `{key}` in {self._what}")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number that is not negative."""
        value = self._get(key, int, default)
        if not 0 <= value < _LARGEST:
            raise Malformed(f"has {value} for `{key}` in {self._what}")
        return value

    def position(self, key: str) -> int:
        """The position of a step."""
        value = self.integer(key)
        if value >= _MOST_STEPS:
            raise Malformed(f"has a step at position {value}")
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """True or false."""
        return self._get(key, bool, default)

    def digest(self, key: str) -> str:
        """SHA-256 in hexadecimal."""
        return self._matching(key, None, _DIGEST)

    def trigger(self, key: str) -> str:
        """What fires a step, as it is written in a row; empty if nothing is said."""
        return self._matching(key, "", _TRIGGER)

    def name(self, key: str, default: str | None = None) -> str:
        """A name."""
        return self._matching(key, default, _NAME)

    def states(self, key: str, default: str | None = None) -> str:
        """Names joined by ` & ` and ` | `."""
        return self._matching(key, default, _STATES)

    def digits(self, key: str, default: str | None = None) -> str:
        """Numbers joined by `_`."""
        return self._matching(key, default, _DIGITS)

    def kind(self, key: str) -> str:
        """The kind of a state."""
        return self._one_of(key, _KINDS)

    def effect(self, key: str, default: str | None = None) -> str:
        """The effect of an action."""
        return self._one_of(key, _EFFECTS, default)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of names."""
        names = self._get(key, list, None)
        return tuple(Shape({key: name}, self._what).name(key) for name in names)

    def mapping(self, key: str) -> dict[str, str]:
        """Names to names."""
        found = Shape(self._value.get(key), f"`{key}`")
        for name in found._value:
            if not _NAME.fullmatch(name):
                raise Malformed(f"has no valid name in `{key}`")
        return {name: found.name(name) for name in found._value}

    def reasons(self, key: str) -> dict[str, str]:
        """Names of rules, and a text for each; none if there is no such field."""
        if not self.has(key):
            return {}
        found = Shape(self._value[key], f"`{key}`")
        return {name: found._get(name, str, None) for name in found._value}

    def items(self, key: str, default: list[Any] | None = None) -> list[Shape]:
        """A list of objects."""
        return [Shape(item, f"`{key}`") for item in self._get(key, list, default)]

    def optional(self, key: str) -> Shape | None:
        """An object, or null."""
        value = self._value.get(key)
        return None if value is None else Shape(value, f"`{key}`")

    def _matching(self, key: str, default: str | None, form: re.Pattern[str]) -> str:
        value = self._get(key, str, default)
        if value != default and not form.fullmatch(value):
            raise Malformed(f"has no valid `{key}` in {self._what}")
        return value

    def _one_of(
        self, key: str, known: tuple[str, ...], default: str | None = None
    ) -> str:
        value = self._get(key, str, default)
        if value not in known:
            raise Malformed(f"has no valid `{key}` in {self._what}")
        return value
