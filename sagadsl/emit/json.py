"""The model itself, for other tools; the format is documented and numbered."""

from __future__ import annotations

import json
from typing import Any

from sagadsl.machine import Rule
from sagadsl.model import (
    Always,
    Needs,
    Never,
    Pinned,
    Saga,
    Scenario,
    Transition,
    Version,
)

FORMAT = 1


def emit_json(pinned: Pinned) -> str:
    """The declared saga, and every version with its rows."""
    data = {"format": FORMAT, "saga": _saga(pinned.saga)} | {
        "versions": [_version(version) for version in pinned.versions]
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _saga(saga: Saga) -> dict[str, Any]:
    return {
        "name": saga.name,
        "title": saga.title,
        "aggregate": saga.aggregate,
        "expires": saga.expires,
        "remember": saga.remember,
        "abort": saga.abort._asdict() if saga.abort else None,
        "states": [
            {"name": state.name, "kind": state.kind, "doc": state.doc}
            for state in saga.states.values()
        ],
        "transitions": [_transition(row) for row in saga.transitions.values()],
        "compensations": {
            undo.action: undo.compensation for undo in saga.compensations.values()
        },
        "actions": [
            action.row._asdict() | {"parks": action.parks, "doc": action.doc}
            for action in saga.actions.values()
        ],
        "properties": [_property(each) for each in saga.properties],
        "scenarios": [_scenario(each) for each in saga.scenarios],
        "upgrades": [
            {"from": each.version, "waive": each.action, "when": each.when}
            for each in saga.waives
        ],
    }


def _transition(row: Transition) -> dict[str, Any]:
    return {
        "action": row.action,
        "sources": row.sources,
        "targets": row.targets,
        "otherwise": row.otherwise,
        "trigger": row.trigger.text,
        "actors": row.trigger.actors,
        "delay": row.trigger.delay,
        "limit": row.limit,
        "doc": row.doc,
    }


def _property(each: Needs | Never | Always) -> dict[str, Any]:
    fields = {key: value for key, value in each._asdict().items() if key != "span"}
    return {"kind": type(each).__name__.lower(), **fields}


def _scenario(each: Scenario) -> dict[str, Any]:
    moves = [{"action": move.action, "fails": move.fails} for move in each.moves]
    return {"title": each.title, "moves": moves, "result": each.result}


def _version(version: Version) -> dict[str, Any]:
    rows = version.rows
    return {
        "version": version.number,
        "digest": version.digest,
        "released": version.released,
        "approved": dict(version.approved),
        "aggregate": rows.aggregate,
        "expires": rows.expires,
        "remember": rows.remember,
        "abort": rows.abort._asdict() if rows.abort else None,
        "states": [
            {"name": name, "kind": kind, "of": rows.copies.get(name, name)}
            for name, kind in rows.states.items()
        ],
        "steps": [_step(rule) for rule in rows.rules],
        "actions": [action._asdict() for action in rows.actions],
        "compensations": rows.compensations,
        "waives": [waive._asdict() for waive in rows.waives],
    }


def _step(rule: Rule) -> dict[str, Any]:
    return {
        "step": rule.step,
        "name": rule.name,
        "action": rule.action,
        "round": rule.round,
        "sources": rule.sources,
        "targets": rule.targets,
        "otherwise": rule.fallbacks,
        "trigger": rule.trigger,
        "delay": rule.delay,
    }
