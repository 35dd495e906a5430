"""The words of a log: the events that set bits, and the notes beside them."""

from __future__ import annotations

OF_STEPS = ("begin", "done", "fail", "undo", "waive")
OF_ALL = ("abort", "finish", "start", "upgrade")
NOTES = (
    "try",
    "undoing",
    "failed",
    "raised",
    "lost",
    "asked",
    "parked",
    "stuck",
    "resume",
    "resolve",
    "late",
)
