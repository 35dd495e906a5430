"""A saga as a definition for AWS Step Functions, with its compensations as a chain.

The language is that of https://states-language.net. A step that is done is a key in
`$.done`; the handlers are functions of AWS Lambda, whose names are substitutions, as
`${make_payment}`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sagadsl.emit.guarded import Work, perform, stuck
from sagadsl.emit.inexpressible import (
    MOST_BRANCHES,
    Inexpressible,
    check_names,
    check_size,
    check_times,
)
from sagadsl.emit.pivots import pivots_of
from sagadsl.emit.states import (
    COMPENSATE,
    actors,
    asked,
    choice,
    ended,
    failure,
    forked,
    joined,
    noted,
    passed,
    paused,
    waiting,
)
from sagadsl.machine.tables import Rule
from sagadsl.model import Pinned, Version

State = dict[str, Any]
BEGIN, TAKEN_BACK = "the beginning", "taken back"  # no step has a name of two words


def emit_amazon_states(pinned: Pinned) -> str:
    """The text of `<saga>.asl.json`, of the newest version. Raises `Inexpressible`."""
    definition = _Definition(pinned)
    name, number = pinned.saga.name, pinned.latest.number
    comment = f"The saga {name}, version {number}. Generated from {name}.saga."
    first = passed({"data.$": "$", "done": {}}, definition.begin())
    states = {BEGIN: first} | definition.main.states
    text = json.dumps(
        {"Comment": comment, "StartAt": BEGIN, "States": states}, indent=2
    )
    check_size(name, text)
    return f"{text}\n"


class _Definition:
    """One version, as its rows are walked."""

    def __init__(self, pinned: Pinned) -> None:
        self.saga = pinned.saga.name
        self.version: Version = pinned.latest
        rows = self.version.rows
        self.rows = rows
        self.actions = self.version.actions()
        self.consumers: dict[str, list[Rule]] = {name: [] for name in rows.states}
        for rule in rows.rules:
            for places in rule.sources:
                for place in places:
                    self.consumers[place].append(rule)
        self.pivots = pivots_of(rows.rules, self.actions)
        self.seen: dict[str, _Scope] = {}
        self.scopes: list[_Scope] = []
        self.main = _Scope(self, None)

    def begin(self) -> str:
        """The state to begin with; all others are made by the way."""
        if self.rows.expires:
            raise Inexpressible(self.saga, "a time-out ends it without a compensation")
        check_times(self.rows.rules, self.actions)
        (initial,) = (n for n, kind in self.rows.states.items() if kind == "initial")
        first = self.main.at(initial)
        if self.main.gives_up:
            self._compensations()
        for scope in self.scopes:
            check_names(scope.states)
        return first

    def _compensations(self) -> None:
        """The chain that takes back what is done, the last first."""
        scope = self.main
        undone = [r for r in self.rows.rules if r.action in self.rows.compensations]
        following = TAKEN_BACK
        scope.states[following] = failure("Compensated", "what was done is taken back")
        for rule in undone:
            name = f"if {rule.name} was done"
            undo = scope.compensation(rule, following)
            present = {"Variable": f"$.done.{rule.name}", "IsPresent": True}
            scope.states[name] = choice([(present, undo)], following)
            following = name
        scope.states[COMPENSATE] = passed(None, following)


class _Scope:
    """The states of the definition, or of one branch of a fork."""

    def __init__(self, whole: _Definition, parent: _Scope | None) -> None:
        self.whole = whole
        whole.scopes.append(self)
        self.parent = parent
        self.states: dict[str, State] = {}
        self.gives_up = False
        self.pivot = ""
        self.ends: dict[str, Rule] = {}
        self.branch = ""

    def at(self, place: str) -> str:
        """The state in which a process stands at a place of the saga."""
        name = f"at {place}"
        owner = self.whole.seen.setdefault(place, self)
        if owner is not self:
            why = "it is reached inside of a branch and outside of it"
            raise Inexpressible(place, why)
        if name in self.states:
            return name
        kind = self.whole.rows.states[place]
        self.states[name] = {}
        self.states[name] = (
            self._final(place, kind) if kind.startswith("final") else self._going(place)
        )
        return name

    def _final(self, place: str, kind: str) -> State:
        if self.parent is not None:
            raise Inexpressible(
                place, "a branch of a fork cannot end the whole process"
            )
        state = self.whole.rows.copies.get(place, place)
        if kind == "final":
            return {"Type": "Succeed"}
        return failure(state, f"it ended as {state}")

    def _going(self, place: str) -> State:
        """On from a place: at once, by what is asked for, or after a while."""
        rules = self.whole.consumers[place]
        joins = [r for r in rules if any(len(one) > 1 for one in r.sources)]
        if joins:
            return self._joined(place, joins[0], rules)
        own = [rule for rule in rules if rule.trigger == "by system"]
        if own and len(rules) > 1:
            raise Inexpressible(place, "nothing says which of its rows is taken")
        return passed(None, self.step(own[0])) if own else self._asked(place, rules)

    def _joined(self, place: str, join: Rule, rules: Sequence[Rule]) -> State:
        if len(rules) > 1 or len(join.sources) > 1:
            why = "a branch that is to be joined can only wait for the others"
            raise Inexpressible(place, why)
        if self.parent is None:
            raise Inexpressible(join.name, "it joins what no single fork has begun")
        self.ends[place] = join
        return ended(failed=False)

    def _asked(self, place: str, rules: Sequence[Rule]) -> State:
        """Wait until somebody asks for a step, until a timer, or for the abort."""
        timers = [rule for rule in rules if rule.delay]
        if len(timers) > 1:
            raise Inexpressible(place, "a wait ends at one time, not at several")
        places = place.split(" & ")
        events = {rule.action: actors(rule) for rule in rules if not rule.delay}
        ways = [
            (asked(rule.action), self.step(rule)) for rule in rules if not rule.delay
        ]
        abort = self.whole.rows.abort
        if abort and not all(rule.step in self.whole.pivots.past for rule in rules):
            events[abort.name] = list(abort.actors)
            before = self.whole.pivots.before
            taken = {name for one in places for name in before.get(one, ())}
            ways.append((asked(abort.name, taken), self.given_up()))
        if not events:
            (timer,) = timers
            over = f"time is up at {place}"
            return paused(self.states, over, timer, self.step(timer))
        chosen = f"asked at {place}"
        self.states[chosen] = choice(ways, f"at {place}")
        late = [(self.step(rule), rule.delay) for rule in timers]
        state = " & ".join(self.whole.rows.copies.get(p, p) for p in places)
        given = {"state": state, "events": events}
        return waiting("Ask", given, "$.event", chosen, *late)

    def given_up(self) -> str:
        """Where a process goes that is to be taken back."""
        self.gives_up = True
        if self.parent is None:
            return COMPENSATE
        name = f"{self.branch} failed"
        self.states[name] = ended(failed=True)
        return name

    def step(self, rule: Rule) -> str:
        """The state that takes a step."""
        name = rule.name
        if name in self.states:
            return name
        self.states[name] = {}
        action = self.whole.actions[rule.action]
        after, where = self._after(rule), f"$.done.{name}"
        outside = rule.trigger != "by system"
        self.pivot = name if action.pivot else self.pivot
        if action.effect:
            fails = "" if action.cannot_fail else self._fails(rule)
            saga = self.whole.saga
            work = Work(saga, name, name, action, where, after, fails, event=outside)
            perform(self.states, work)
        else:
            self.states[name] = noted(where, after, outside=outside)
        return name

    def compensation(self, rule: Rule, after: str) -> str:
        """The state that takes a step back, and then goes on."""
        action = self.whole.actions[self.whole.rows.compensations[rule.action]]
        name, where = f"{action.name} of {rule.name}", f"$.undone.{rule.name}"
        if action.effect:
            fails = "" if action.cannot_fail else stuck(self.states, name)
            saga, step = self.whole.saga, rule.name
            work = Work(saga, name, step, action, where, after, fails, event=False)
            perform(self.states, work)
        else:
            self.states[name] = noted(where, after)
        return name

    def _fails(self, rule: Rule) -> str:
        """Where a process goes when a step has failed for good."""
        if len(rule.fallbacks) > 1:
            why = "what fails leads to one state here, not to several at once"
            raise Inexpressible(rule.name, why)
        if rule.fallbacks:
            return self.at(rule.fallbacks[0])
        if rule.step in self.whole.pivots.past:
            return stuck(self.states, rule.name)
        return self.given_up()

    def _after(self, rule: Rule) -> str:
        if len(rule.targets) == 1:
            return self.at(rule.targets[0])
        return self._fork(rule)

    def _fork(self, rule: Rule) -> str:
        """All branches at once; each ends well, and says so if it has failed."""
        if len(rule.targets) > MOST_BRANCHES:
            why = f"a fork has at most {MOST_BRANCHES} branches there"
            raise Inexpressible(rule.name, why)
        branches = [self._branch(target) for target in rule.targets]
        joins = {join.step: join for one in branches for join in one.ends.values()}
        places = {place for one in branches for place in one.ends}
        if len(joins) != 1 or any(len(one.ends) != 1 for one in branches):
            raise Inexpressible(rule.name, "its branches do not meet again in one row")
        for one in branches:
            if one.pivot and any(o.gives_up for o in branches if o is not one):
                why = "an abort in another branch cannot know whether it has begun"
                raise Inexpressible(one.pivot, why)
            self.pivot = self.pivot or one.pivot
        (join,) = joins.values()
        if places != set(join.sources[0]):
            raise Inexpressible(rule.name, "its branches do not meet again in one row")
        name, merged = f"after {rule.name}", f"together after {rule.name}"
        failed = f"all well after {rule.name}"
        made = {t: one.states for t, one in zip(rule.targets, branches, strict=True)}
        self.states[name] = forked(made, merged)
        self.states[merged] = passed(joined(rule.targets), failed)
        after = self._met(join)
        self.states[failed] = passed(None, after)
        if any(one.gives_up for one in branches):
            lost = self.given_up()
            ways = [
                ({"Variable": f"$.failed.{target}", "BooleanEquals": True}, lost)
                for target in rule.targets
            ]
            self.states[failed] = choice(ways, after)
        return name

    def _met(self, join: Rule) -> str:
        """The state that takes a join, or waits until it is taken."""
        if join.trigger == "by system":
            return self.step(join)
        place = " & ".join(join.sources[0])
        name = f"at {place}"
        self.states[name] = self._asked(place, [join])
        return name

    def _branch(self, target: str) -> _Scope:
        branch = _Scope(self.whole, self)
        branch.branch = target
        branch.at(target)
        return branch
