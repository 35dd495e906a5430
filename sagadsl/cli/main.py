"""The commands by name; each module is imported when its command is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from sagadsl import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "build": "compile: validator, diagrams and further targets",
    "check": "findings only",
    "test": "run the scenarios",
    "fmt": "canonical text; comments are kept",
    "table": "the table previous | next | action",
    "graph": "draw the process, or where one stands",
    "decode": "what a stored integer means",
    "replay": "judge a list of steps",
    "audit": "judge a table of event rows",
    "simulate": "step through a process",
    "diff": "two versions side by side, and which records can move",
    "breaking": "what a change breaks for records and code of a released version",
    "release": "release the draft, so that its version never changes",
    "ps": "the processes of a store, and how each is",
    "show": "one process: its steps, its log, what may be next",
    "resolve": "say whether a step in doubt has happened",
    "retry": "have a step that waits for a person go on",
    "abort": "give a process up",
    "purge": "forget what need not be remembered",
    "explain": "the page of a finding",
    "new": "a saga to start from",
}


@contextmanager
def _unread() -> Iterator[None]:
    """Let the end of a pipe through: click would end with 1, as if for a finding.

    It knows it by its number.
    """
    try:
        yield
    except BrokenPipeError:
        raise BrokenPipeError from None


class _Lazy(click.Group):
    """A group that knows its commands by their names alone."""

    @_unread()
    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the command line; `--help` and `--version` end here."""
        return super().make_context(info_name, args, parent, **extra)

    @_unread()
    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the commands in the order in which they are met."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"sagadsl.cli.{cmd_name}").command
        return command

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the commands without importing them, and the options."""
        from click.shell_completion import CompletionItem

        begun = [name for name in COMMANDS if name.startswith(incomplete)]
        items = [CompletionItem(name, help=COMMANDS[name]) for name in begun]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which command was meant where there is none of the name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx) from None

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sagac")
def sagac(**options: Any) -> None:
    """Compile sagas: states, transitions, compensations.

    `sagac COMMAND --help` tells more of each command.

    Exit status: 0 good; 1 the input was found wanting; 2 usage, or a file that cannot
    be read or written.
    """
    del options
