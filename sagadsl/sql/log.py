"""The words of a log: the events that set bits, and the rows that set none."""

from __future__ import annotations

OF_STEPS = ("begin", "done", "fail", "undo", "waive")
OF_ALL = ("abort", "finish")
MARKS = ("start", "upgrade")
"""Rows of a whole process that set no bit: where it began, and changed its version."""

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
"""Rows that tell of a step, or of the process, and set no bit."""
