"""The same saga on an engine that a team already has: DBOS, Restate, Temporal.

The engine schedules, and keeps what has happened; what may happen next is decided by
the rules of `sagadsl.runtime`, over the same guard.
"""
