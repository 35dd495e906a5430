"""A call on Step Functions by its rules: tried again, failed for good, or in doubt."""

from __future__ import annotations

from typing import Any, NamedTuple

from sagadsl.emit.states import (
    ANY,
    FAILED,
    LATE,
    answered,
    called,
    choice,
    noted,
    retried,
    waiting,
)
from sagadsl.machine.tables import Action

States = dict[str, dict[str, Any]]


class Work(NamedTuple):
    """A handler to be called in the state `name`, for a step of a saga.

    What it returns is kept `where`; then it goes on `after`, or with what `fails` names
    if it has failed for good. `event` is whether somebody has asked for it.
    """

    saga: str
    name: str
    step: str
    action: Action
    where: str
    after: str
    fails: str
    event: bool

    @property
    def key(self) -> str:
        """The idempotency key of the call, which its probe is given as well."""
        return f"{self.saga}/{{}}/{self.step}/{self.action.name}"


def perform(states: States, work: Work) -> None:
    """Add the states that call a handler, and find out what became of it."""
    action = work.action
    call = (work.key, work.step, action.name)
    task = called(*call, work.where, action.timeout, work.after)
    if work.event:
        task["Parameters"]["Payload"]["event.$"] = "$.event"
    task["Retry"] = retried(action, fallible=bool(work.fails))
    catches = [_catch(FAILED, work.fails)] if work.fails else []
    if action.effect == "once":
        catches += _in_doubt(states, work)
    if catches:
        task["Catch"] = catches
    states[work.name] = task


def stuck(states: States, name: str) -> str:
    """A person is told of what fails for good, and has it tried again."""
    state = f"{name} is stuck"
    given = {"step": name, "question": "shall it be tried again?"}
    states[state] = waiting("Person", given, "$.asked", name)
    return state


def _in_doubt(states: States, work: Work) -> list[dict[str, Any]]:
    """Find out, but ask a probe only when the call has had all its time.

    Whoever lost the function, or a service that it called, does not end it.
    """
    doubt, action = _doubt(states, work), work.action
    if not (action.probe and action.timeout):
        return [_catch(ANY, doubt)]
    over = f"until {work.name} is over"
    states[over] = {"Type": "Wait", "Seconds": action.timeout, "Next": doubt}
    return [_catch(LATE, doubt), _catch(ANY, over)]


def _doubt(states: States, work: Work) -> str:
    """Ask whether it has happened, a probe and then a person."""
    name, probe = work.name, work.action.probe
    known, person = f"was {name} done", f"who knows of {name}"
    done = f"{name} was done"
    states[done] = noted(work.where, work.after)
    ways = [(answered(yes=True), done), (answered(yes=False), work.fails or name)]
    states[known] = choice(ways, person)
    given = {"step": name, "question": "has it happened?"}
    states[person] = waiting("Person", given, "$.asked", known)
    if not probe:
        return person
    first = f"{probe} of {name}"
    ask = called(work.key, work.step, probe, "$.asked", 0, known)
    ask["ResultSelector"] = {"answer.$": "$.Payload"}
    ask["Retry"] = retried(None, fallible=False)
    states[first] = ask
    return first


def _catch(errors: str, following: str) -> dict[str, Any]:
    return {"ErrorEquals": [errors], "ResultPath": "$.error", "Next": following}
