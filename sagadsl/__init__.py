"""A language and compiler for sagas: states, transitions, compensations."""

__version__ = "0.1.0"
