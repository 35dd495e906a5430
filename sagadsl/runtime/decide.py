"""What happens next to a process: pure, and the same for every store and worker.

Docs: `docs/runtime.md` says these rules in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sagadsl.runtime.process import Effort, Status
from sagadsl.runtime.saga import Chances, Taken, Work
from sagadsl.runtime.turn import EXPIRED, Call, Turn

FIRST_PAUSE, LONGEST_PAUSE = 1_000, 60_000
_BEGUN = ("begin", "try", "undoing")
_FAILED = ("failed", "fail", "stuck")  # what the log says of a clean failure


class Reply(NamedTuple):
    """What came of a call: `done` with values to keep, `failed` without effect, or
    `raised`, which tells nothing, as `lost` does, whose worker died; of a probe `yes`,
    `no`, `unknown` or `raised`. One that was never made is `idle`, and what came of
    one that is `told` is in the log already.
    """

    word: str
    note: str = ""
    values: Mapping[str, Any] | None = None


def settle(turn: Turn, *, perform: bool = True) -> None:
    """Take everything that may be taken now, and say when to look again.

    Without `perform` no handler is called: what needs one is left to a worker.
    """
    while _goes_on(turn, turn.chances, perform):
        turn.wakes.clear()


def reply(turn: Turn, call: Call, answer: Reply) -> None:
    """Take what came of a call; what comes too late is noted and changes nothing."""
    step, effort = call.step, turn.effort(call.step)
    turn.live.discard(step.step)
    if answer.word == "told":
        return
    kind = "undo" if call.undo else "done"
    if not effort or not _awaited(call, effort, answer):
        if tells(call, answer) and not _is_known(turn, kind, call, answer):
            late = f"{call.handler} {answer.word} {answer.note}".rstrip()
            turn.note("late", step, call.attempt, note=late)
    elif answer.word == "idle":
        if not call.probe:
            word = "lost" if _was_tried(turn, call, effort) else "resume"
            turn.note(word, step, call.attempt, "system", answer.note)
    elif call.probe:
        _answered(turn, step, effort, answer)
    elif answer.word == "done" and turn.may(kind, step):
        turn.keep(answer.values)
        turn.event(kind, step, call.attempt)
    elif answer.word == "failed":
        _failed(turn, step, effort, answer.note)
    else:
        word = "lost" if answer.word == "lost" else "raised"
        turn.note(word, step, call.attempt, note=answer.note)


def _was_tried(turn: Turn, call: Call, effort: Effort) -> bool:
    """Whether an attempt before this one may have happened, as nobody asks about it."""
    if call.work.how != "idempotent" or effort.attempt == effort.first:
        return False
    rows = [row for row in turn.log.rows if row.step == call.step.step]
    words = [row.event for row in rows if row.event != "late"]
    begun = max(n for n, word in enumerate(words) if word in _BEGUN)
    return words[begun - 1] != "failed"


def tells(call: Call, answer: Reply) -> bool:
    """Whether a reply tells of an effect, also where nobody waits for it any more."""
    return not call.probe and answer.word not in ("idle", "told")


def _is_known(turn: Turn, kind: str, call: Call, answer: Reply) -> bool:
    """Whether the log says the same: of a line that broke in a commit, or a probe."""
    known = {"done": (kind,), "failed": _FAILED, "raised": ("raised",)}
    words, undo = known.get(answer.word, ()), False
    for row in turn.log.rows:
        if row.step == call.step.step:
            undo = undo or row.event == "undoing"
            same = (row.attempt, undo) == (call.attempt, call.undo)
            if same and row.event in words:
                return True
    return False


def _awaited(call: Call, effort: Effort, answer: Reply) -> bool:
    """Whether a reply is to the last attempt; that this is done is news at any time."""
    same = (effort.attempt, effort.undo) == (call.attempt, call.undo)
    done = answer.word == "done" and not call.probe
    return same and (done or effort.status is not Status.WANTED)


def begin(turn: Turn, step: Taken, actor: str, note: str = "") -> None:
    """Begin a step, which may begin; one that needs no handler is done with it."""
    if step.forward is None:
        turn.event("begin", step, actor=actor, note=note)
        turn.event("done", step, actor=actor)
    else:
        turn.event("begin", step, 1, actor, note)
        turn.call(step)


def _goes_on(turn: Turn, chances: Chances, perform: bool) -> bool:
    """Take one thing that may be taken now, if there is any."""
    return (
        _end(turn, chances)
        or _abort(turn, chances)
        or _begin(turn, chances, perform)
        or _pursue(turn, perform)
    )


def _end(turn: Turn, chances: Chances) -> bool:
    if turn.ended or not chances.finish:
        return False
    turn.event("finish")
    return True


def _abort(turn: Turn, chances: Chances) -> bool:
    """A failure after which nothing goes on, or the deadline, while that is allowed."""
    if not chances.abort:
        return False
    _, done, closed, _ = turn.record
    if failed := closed & ~done & turn.version.guards.dead_ends:
        name = turn.version.guards.names(failed)
        turn.event("abort", actor="system", note=f"{name} failed")
        return True
    deadline = turn.process.deadline
    if deadline and deadline <= turn.now:
        turn.event("abort", actor="system", note=EXPIRED)
        return True
    if deadline:
        turn.wake(deadline)
    return False


def _begin(turn: Turn, chances: Chances, perform: bool) -> bool:
    """The driver's own steps: automatic ones, timers, and compensations."""
    if turn.record[3]:
        return _undo(turn, chances, perform)
    for step in chances.begin:
        at = _reached(turn, step) + step.delay if step.delay else turn.now
        if at > turn.now:
            turn.wake(at)
        elif step.forward and not perform:
            turn.wake(turn.now)
        else:
            begin(turn, step, "system")
            return True
    return False


def _undo(turn: Turn, chances: Chances, perform: bool) -> bool:
    for step in chances.undo:
        effort = turn.effort(step)
        if step.step in turn.live or (effort and effort.undo):
            continue
        if effort and effort.status in (Status.TRYING, Status.FAILED, Status.WANTED):
            continue  # it is known soon, or already, that nothing has happened
        if perform:
            turn.note("undoing", step, 1)
            turn.call(step)
            return True
        turn.wake(turn.now)
    return False


def _reached(turn: Turn, step: Taken) -> int:
    """When a step could begin: the last of its sources was reached, of any it can."""
    begun, done, closed, _ = turn.record
    since: list[int] = []
    for alternative in step.plan.alternatives:
        taken = (begun | done) & alternative.rivals
        if not taken and alternative.reached(done, closed & ~done):
            since.append(max(_came_to(turn, place) for place in alternative.places))
    return min(since, default=turn.now)


def _came_to(turn: Turn, place: Any) -> int:
    """When a process came to a place where it is."""
    by = {"done": place.producers, "waive": place.producers, "fail": place.failers}
    times = (
        time
        for (word, step), time in turn.log.times.items()
        if step is not None and by.get(word, 0) >> step & 1
    )
    return min(times, default=turn.process.started)


def _pursue(turn: Turn, perform: bool) -> bool:
    """Go on with one step whose work is neither under way nor at its end."""
    if not perform:
        if any(e.status is not Status.WAITS for e in turn.log.efforts.values()):
            turn.wake(turn.now)
        return False
    for position, effort in turn.log.efforts.items():
        step = turn.version.steps[position]
        work = step.backward if effort.undo else step.forward
        if position in turn.live or work is None:
            continue
        if effort.status is Status.TRYING:
            turn.note("lost", step, effort.attempt, note="its worker is gone")
            return True
        if effort.status is Status.WAITS:
            continue
        if _advance(turn, step, work, effort):
            return True
    return False


def _advance(turn: Turn, step: Taken, work: Work, effort: Effort) -> bool:
    """Try again, ask, park, or close what is known to have had no effect."""
    forward_in_abort = turn.record[3] and not effort.undo
    used = effort.attempt - effort.first
    if effort.status in (Status.FAILED, Status.WANTED):
        if forward_in_abort and turn.may("fail", step):
            turn.event("fail", step, effort.attempt, note="not tried again")
            return True
        at = effort.time
        if effort.status is Status.FAILED:
            pause = 0 if work.attempts else pause_after(used)
            at += work.pause_after(used + 1) or pause
        elif effort.attempt and used > 0:
            at += pause_after(used)
        return _when(turn, step, at, probe=False)
    if forward_in_abort and step.plan.undo_in_doubt:
        return False  # its compensation does not need to know
    if work.how == "idempotent":
        at = effort.time + (work.pause_after(used + 1) or pause_after(used))
        return _when(turn, step, at, probe=False)
    if not work.probe:
        turn.note("parked", step, effort.attempt, note="nobody knows if it happened")
        return True
    at = max(effort.began + work.timeout, effort.time + pause_after(effort.asked))
    return _when(turn, step, at, probe=True)


def pause_after(times: int) -> int:
    """The pause where the saga says none: at first none, then doubling to a minute."""
    return min(FIRST_PAUSE << min(times - 1, 40), LONGEST_PAUSE) if times > 0 else 0


def _when(turn: Turn, step: Taken, at: int, *, probe: bool) -> bool:
    """Call a handler if it is time, else look again when it is."""
    if at > turn.now:
        turn.wake(at)
        return False
    effort = turn.log.efforts[step.step]
    if not probe:
        word = "undoing" if effort.undo else "try"
        turn.note(word, step, effort.attempt + 1)
    turn.call(step, probe=probe)
    return True


def _answered(turn: Turn, step: Taken, effort: Effort, answer: Reply) -> None:
    """Take the answer of a probe."""
    kind = "undo" if effort.undo else "done"
    said = answer.note if answer.word == "raised" else answer.word
    turn.note("asked", step, effort.attempt, note=said)
    if answer.word == "yes" and turn.may(kind, step):
        turn.event(kind, step, effort.attempt)
    elif answer.word == "no" and effort.status is Status.RAISED:
        _failed(turn, step, effort, "it raised, and had not happened")
    elif answer.word == "unknown":
        turn.note("parked", step, effort.attempt, note="its probe does not know either")


def _failed(turn: Turn, step: Taken, effort: Effort, why: str) -> None:
    """A clean failure: to be tried again, or else for good."""
    work = step.backward if effort.undo else step.forward
    assert work is not None
    if not work.attempts or effort.attempt - effort.first + 1 < work.attempts:
        turn.note("failed", step, effort.attempt, note=why)
    elif not effort.undo and turn.may("fail", step):
        turn.event("fail", step, effort.attempt, note=why)
    else:
        turn.note("stuck", step, effort.attempt, note=why)
