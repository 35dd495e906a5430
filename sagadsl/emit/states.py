"""The states of the Amazon States Language, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sagadsl.machine.tables import Action, Rule

State = dict[str, Any]

FAILED, ANY, LATE = "Failed", "States.ALL", "States.Timeout"
THROTTLED = "Lambda.TooManyRequestsException"  # the function was not called
COMPENSATE = "take back"
FOREVER = 99_999_999  # the most attempts that the language knows
FIRST_PAUSE, LONGEST_PAUSE = 1, 60  # seconds, as in the embedded runtime
AGAIN: State = {
    "ErrorEquals": [ANY],
    "IntervalSeconds": FIRST_PAUSE,
    "BackoffRate": 2,
    "MaxDelaySeconds": LONGEST_PAUSE,
    "MaxAttempts": FOREVER,
}
"""What is repeated for as long as it takes, whatever comes of it."""


def passed(made: State | None, following: str) -> State:
    """Go on, with what is made of the input if something is."""
    state: State = {"Type": "Pass", "Next": following}
    return state | ({"Parameters": made} if made else {})


def noted(where: str, following: str, *, outside: bool = False) -> State:
    """Note that something is so, or the event from outside by which it is."""
    what: State = {"InputPath": "$.event"} if outside else {"Result": True}
    return {"Type": "Pass", **what, "ResultPath": where, "Next": following}


def ended(*, failed: bool) -> State:
    """The end of a branch, of which no more is kept than what is merged."""
    kept: State = {"done.$": "$.done", "failed": failed}
    return {"Type": "Pass", "Parameters": kept, "End": True}


def paused(states: dict[str, State], name: str, rule: Rule, following: str) -> State:
    """Wait until a timer takes its step, which nobody can ask for: it is the event."""
    event: State = {"Type": "Pass", "Result": {"event": rule.action}}
    states[name] = event | {"ResultPath": "$.event", "Next": following}
    return {"Type": "Wait", "Seconds": rule.delay, "Next": name}


def failure(error: str, cause: str) -> State:
    """The end of an execution that is shown as failed."""
    return {"Type": "Fail", "Error": error, "Cause": cause}


def choice(ways: Iterable[tuple[State, str]], default: str) -> State:
    """The first way whose condition holds."""
    choices = [condition | {"Next": following} for condition, following in ways]
    return {"Type": "Choice", "Choices": choices, "Default": default}


def answered(*, yes: bool) -> State:
    """Whether the answer to a question is yes, or no."""
    answer = "$.asked.answer"
    is_said = {"Variable": answer, "IsPresent": True}
    is_known = {"Variable": answer, "IsBoolean": True}
    return {"And": [is_said, is_known, {"Variable": answer, "BooleanEquals": yes}]}


def actors(rule: Rule) -> list[str]:
    """Who may ask for a step; nobody if anybody may."""
    return rule.trigger.removeprefix("by ").split(" | ") if rule.trigger else []


def asked(action: str, ruled_out: Iterable[str] = ()) -> State:
    """Whether an action is what was asked for, and nothing done rules it out."""
    name = "$.event.event"
    is_said = {"Variable": name, "IsPresent": True}
    steps = sorted(ruled_out)
    absent = [{"Variable": f"$.done.{step}", "IsPresent": False} for step in steps]
    return {"And": [is_said, {"Variable": name, "StringEquals": action}, *absent]}


def called(
    key: str, step: str, handler: str, where: str, timeout: int, following: str
) -> State:
    """Call a handler, for at most so many seconds; what it returns is kept `where`."""
    payload = {
        "aggregate_id.$": "$$.Execution.Name",
        "step": step,
        "idempotency_key.$": f"States.Format('{key}', $$.Execution.Name)",
        "data.$": "$.data",
        "done.$": "$.done",
    }
    state = _task("invoke", handler, payload)
    state["ResultSelector"] = {"returned.$": "$.Payload"}
    state |= {"ResultPath": where, "Next": following}
    return state | ({"TimeoutSeconds": timeout} if timeout else {})


def waiting(
    function: str, given: State, where: str, following: str, *late: tuple[str, int]
) -> State:
    """Hand a token to a function, and wait for whoever sends it back.

    `late` is where to go on after so many seconds. If the function fails, or whoever
    has the token says so, another token is handed out.
    """
    payload = {
        "token.$": "$$.Task.Token",
        "aggregate_id.$": "$$.Execution.Name",
        **given,
        "input.$": "$",
    }
    state = _task("invoke.waitForTaskToken", function, payload)
    state |= {"ResultPath": where, "Next": following}
    timed_out = [{"ErrorEquals": [LATE], "MaxAttempts": 0}] if late else []
    state["Retry"] = [*timed_out, AGAIN]
    for timer, seconds in late:
        state["TimeoutSeconds"] = seconds
        catch = {"ErrorEquals": [LATE], "Next": timer}
        state["Catch"] = [catch | {"ResultPath": "$.event"}]
    return state


def _task(how: str, function: str, payload: State) -> State:
    """A call of a function, whose name is a substitution."""
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::lambda:{how}",
        "Parameters": {"FunctionName": f"${{{function}}}", "Payload": payload},
    }


def retried(action: Action | None, *, fallible: bool) -> list[State]:
    """When a call is repeated; None is a probe, which may be asked as often as needed.

    What has failed without effect is tried as often as the saga says. What has an
    unknown outcome is repeated for as long as it takes, but never if it is `once`: then
    only what was turned away.
    """
    for_good = {"ErrorEquals": [FAILED], "MaxAttempts": 0}
    retries = []
    if fallible and action is not None:
        retries.append(_by_policy(action) if action.attempts > 1 else for_good)
    if action is None or action.effect != "once":
        retries.append(AGAIN)
    else:
        harmless = [THROTTLED] if fallible else [FAILED, THROTTLED]
        retries.append(AGAIN | {"ErrorEquals": harmless})
    return retries


def _by_policy(action: Action) -> State:
    """As often as the saga says, with its pauses."""
    policy: State = {
        "ErrorEquals": [FAILED],
        "IntervalSeconds": max(action.pause, 1),
        "MaxAttempts": action.attempts - 1,
        "BackoffRate": 2 if action.longest else 1,
    }
    return policy | ({"MaxDelaySeconds": action.longest} if action.longest else {})


def forked(branches: Mapping[str, Mapping[str, State]], following: str) -> State:
    """Branches that run side by side, each by its target and with its states."""
    return {
        "Type": "Parallel",
        "Branches": [
            {"StartAt": f"at {target}", "States": states}
            for target, states in branches.items()
        ],
        "ResultSelector": {f"{t}.$": f"$[{n}]" for n, t in enumerate(branches)},
        "ResultPath": "$.branches",
        "Next": following,
    }


def joined(branches: Iterable[str]) -> State:
    """What was done before and in any branch, and which of them have failed."""
    done, failed = "$.done", {}
    for target in branches:
        done = f"States.JsonMerge({done}, $.branches.{target}.done, false)"
        failed[f"{target}.$"] = f"$.branches.{target}.failed"
    return {"data.$": "$.data", "done.$": done, "failed": failed}
