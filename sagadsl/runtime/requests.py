"""What may be asked of a process: an event by an actor, and what operators do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sagadsl.runtime.ask import Request, ask
from sagadsl.runtime.database import DamagedError
from sagadsl.runtime.decide import Reply, begin, reply, settle, tells
from sagadsl.runtime.log import LOGGER, about
from sagadsl.runtime.process import Effort, Row, Status
from sagadsl.runtime.processes import Processes
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, Taken
from sagadsl.runtime.turn import Call, Turn


def refused(why: str) -> Result:
    """A refusal."""
    return Result(Outcome.REFUSED, why)


def fire(action: str, by: str, values: Mapping[str, Any] | None, note: str) -> Request:
    """Take a step, or give up where `action` is the saga's request to abort."""

    def request(turn: Turn) -> Result | None:
        machine = turn.version.machine
        if machine.abort and machine.abort.name == action:
            return _give_up(turn, by, machine.abort.actors, note or action)
        try:
            step = turn.version.due(turn.record, action)
        except ValueError as unknown:  # the `Refused` of the emitted module
            return refused(str(unknown))
        if step.automatic or step.delay:
            return refused(f"`{step.name}` is taken by the driver")
        if step.actors and by not in step.actors:
            return refused(_not_for(step.name, step.actors, by))
        if not turn.may("begin", step):
            return _why_not(turn, step)
        turn.keep(values)
        if step.forward and turn.leased:
            turn.event("begin", step, 0, by, note)  # its worker performs it
        else:
            if step.forward:
                turn.own()
            begin(turn, step, by, note)
        settle(turn, perform=False)
        return None

    return request


def tell(
    processes: Processes,
    call: Call,
    answer: Reply,
    worker: str,
    lease: int,
    *,
    last: bool = True,
    ending: Callable[[Turn], object] = bool,
) -> Result:
    """Take what came of a call, whoever has the process now.

    It is given up with the last call for which it was taken, and not before. `ending`
    is given a turn that ends it before it is written, since its commit may break so
    that nobody knows. Of a process that has ended or was damaged meanwhile the outbox
    tells it, and the log.
    """

    def request(turn: Turn) -> Result | None:
        if last and turn.process.fence == call.fence:
            turn.own()
        reply(turn, call, answer)
        settle(turn, perform=False)
        if turn.ended:
            ending(turn)
        return None

    try:
        result, _ = ask(processes, call.aggregate_id, request, worker, lease)
    except DamagedError as damaged:
        result = refused(str(damaged))
    if not result.accepted and tells(call, answer):
        why = f"{call.handler} {answer.word} {answer.note}".rstrip()
        key, step = call.aggregate_id, call.step.name
        told = about(processes.saga.name, key, step, call.attempt)
        LOGGER.error("too late for %s: %s", key, why, extra=told)
        now = processes.database.now()
        late = (0, 0, "late", call.step.step, call.attempt, worker, now, why)
        processes.tell(call.aggregate_id, Row(*late))
    return result


def abort(by: str, note: str) -> Request:
    """Give a process up, as an operator."""

    def request(turn: Turn) -> Result | None:
        return _give_up(turn, by, (), note)

    return request


def resolve(action: str, happened: bool, by: str, note: str) -> Request:
    """Say of a step that waits for a person whether it has happened.

    Of a compensation in doubt it says the same of the compensation. What has not
    happened is tried again, or closed where the process is aborting.
    """

    def request(turn: Turn) -> Result | None:
        found = _waiting(turn, action)
        if isinstance(found, Result):
            return found
        step, effort = found
        kind = "undo" if effort.undo else "done"
        if happened and not turn.may(kind, step):
            return refused(turn.version.why_not(turn.record, kind, step))
        said = "it has happened" if happened else "it has not happened"
        turn.note("resolve", step, effort.attempt, by, f"{said} {note}".rstrip())
        if happened:
            turn.event(kind, step, effort.attempt, by)
        else:
            turn.note("resume", step, effort.attempt, by)
        settle(turn, perform=False)
        return None

    return request


def retry(action: str, by: str, note: str) -> Request:
    """Have a step that waits for a person go on: asked about again, or tried again.

    What has failed for good, or can be asked about, is in no doubt; what can not is
    refused: then `resolve` says whether it has happened.
    """

    def request(turn: Turn) -> Result | None:
        found = _waiting(turn, action)
        if isinstance(found, Result):
            return found
        step, effort = found
        work = step.backward if effort.undo else step.forward
        if effort.stuck:
            turn.note("resume", step, effort.attempt, by, note)
        elif work and work.probe:
            turn.note("lost", step, effort.attempt, by, note or "to be asked again")
        else:
            why = f"nobody can be asked whether `{step.name}` has happened"
            return refused(f"{why}: find out, and resolve it")
        settle(turn, perform=False)
        return None

    return request


def look() -> Request:
    """Ask where a process stands, and change nothing.

    The reason tells what waits for a person.
    """

    def request(turn: Turn) -> Result | None:
        waits = []
        for position, effort in turn.log.efforts.items():
            step = turn.version.steps[position]
            work = step.backward if effort.undo else step.forward
            if work and effort.status is Status.WAITS:
                how = "has failed for good" if effort.stuck else "is in doubt"
                waits.append(f"`{work.handler}` {how}")
        return Result(Outcome.ACCEPTED, ", ".join(waits))

    return request


def upgrade(saga: Saga, to: int | None, by: str) -> Request:
    """Move a process to another version, the newest if none is named."""

    def request(turn: Turn) -> Result | None:
        number = saga.latest.number if to is None else to
        if number not in saga.versions:
            return refused(saga.no_version(number))
        version = saga.versions[number]
        if version is turn.version:
            return Result(Outcome.ALREADY_DONE, f"it has version {number}")
        if turn.log.efforts and (turn.leased or turn.live):
            return refused("a handler is being called: it can move after that")
        old = turn.version.number
        try:
            record = saga.module.upgrade(turn.record, old, number)
        except saga.module.Refused as why:
            return refused(str(why))
        turn.upgrade(version, record, by)
        settle(turn, perform=False)
        return None

    return request


def _give_up(turn: Turn, by: str, actors: tuple[str, ...], note: str) -> Result | None:
    if actors and by not in actors:
        return refused(_not_for(note, actors, by))
    if not turn.may("abort"):
        why = turn.version.why_not(turn.record, "abort")
        done = Outcome.ALREADY_DONE if turn.record[3] else Outcome.REFUSED
        return Result(done, why)
    turn.event("abort", actor=by, note=note)
    settle(turn, perform=False)
    return None


def _not_for(name: str, actors: tuple[str, ...], by: str) -> str:
    who = f"not `{by}`" if by else "and nobody is named"
    return f"`{name}` is for {' or '.join(f'`{actor}`' for actor in actors)}, {who}"


def _why_not(turn: Turn, step: Taken) -> Result:
    """Why a step may not begin; one whose last round is done needs nothing more."""
    begun, done, closed, _ = turn.record
    rounds = [one for one in turn.version.steps.values() if one.action == step.action]
    last = [one for one in rounds if begun & one.bit][-1:]
    stands = any(done & ~closed & one.bit for one in last)
    why = turn.version.why_not(turn.record, "begin", step)
    return Result(Outcome.ALREADY_DONE if stands else Outcome.REFUSED, why)


def _waiting(turn: Turn, action: str) -> tuple[Taken, Effort] | Result:
    """The step of an action, or of its compensation, that waits for a person."""
    known = False
    for position, step in turn.version.steps.items():
        effort = turn.log.efforts.get(position)
        undo = step.backward.handler if step.backward else ""
        if action not in (step.name, step.action, undo):
            continue
        known = True
        if effort and effort.status is Status.WAITS:
            return step, effort
    if not known:
        return refused(f"version {turn.version.number} has no step `{action}`")
    return refused(f"`{action}` does not wait for a person")
