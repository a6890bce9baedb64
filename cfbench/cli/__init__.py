"""The command line: each command parses, asks the bench, and prints. Modules are imported when their turn comes."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from cfbench import __version__
from cfbench.errors import CfbenchError

COMMANDS = {
    "agent": ("cfbench.cli.agent:agent", "Answer requests on stdin and stdout; started by cfbench on another machine."),
    "biases": ("cfbench.cli.exploring:biases", "Name the items, or users, with the highest and lowest biases."),
    "crosstab": ("cfbench.cli.looking:crosstab", "Show users by items: rating, prediction, error."),
    "data": ("cfbench.cli.data:data", "Look at rating tables."),
    "demo": ("cfbench.cli.train:demo", "Train on the built-in data and look on."),
    "errors": ("cfbench.cli.looking:errors", "Tell where a run's model is wrong, and its worst misses."),
    "evaluate": ("cfbench.cli.results:evaluate", "Measure a run's model on its valid or test rows."),
    "experiment": ("cfbench.cli.experiments:experiment", "Write, check and show experiments."),
    "explain": ("cfbench.cli.exploring:explain", "Show a prediction as a sum, and the rated titles behind it."),
    "factors": ("cfbench.cli.looking:factors", "Tell how many factors a model has, uses, and needs."),
    "map": ("cfbench.cli.looking:map_", "Tell where items lie along two principal components."),
    "open": ("cfbench.cli.workbench:open_", "Open the workbench, on a file or a data set; cfbench alone does too."),
    "plugins": ("cfbench.cli.plugins:plugins", "See which plugins there are, and why one is broken."),
    "predict": ("cfbench.cli.results:predict", "Predict the targets of a file of users and items."),
    "recommend": (
        "cfbench.cli.exploring:recommend",
        "Name the items that a model predicts highest for a user, or for you.",
    ),
    "report": ("cfbench.cli.reporting:report", "Write a report of a run with its pictures."),
    "runs": ("cfbench.cli.runs:runs", "List, watch, stop, resume, compare, export and delete runs."),
    "search": ("cfbench.cli.search:search", "Search for good settings of an experiment."),
    "similar": ("cfbench.cli.exploring:similar", "Name the items, or users, most like one of them."),
    "step": ("cfbench.cli.looking:step", "Take one step of gradient descent, and show its numbers."),
    "train": ("cfbench.cli.train:train", "Train an experiment."),
}
"""Command -> where it is, and its line of help, so that ``cfbench --help`` imports none of them."""


_BROKEN_PIPE = 141


class LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a reader that left is no failure, and has an exit code of its own."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            ctx.exit(_BROKEN_PIPE)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="[FILE|DATASET] | COMMAND [ARGS]...",
)
@click.version_option(__version__, "--version", prog_name="cfbench")
def root() -> None:
    """Learn latent factors from who rated what: load data, train models, read what they learned.

    Without a command the workbench opens; its options: cfbench open --help.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done, 1 the work failed or was left undone, 2 bad input, 130 interrupted, 141 the reader of the output left.
    """
    code = _run(_opening(list(sys.argv[1:] if arguments is None else arguments)))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = _BROKEN_PIPE
    if code == _BROKEN_PIPE:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _opening(arguments: list[str]) -> list[str]:
    """Return the arguments with "open" before those that name no command: ``cfbench``, ``cfbench FILE --slow``.

    Without a terminal ``cfbench`` alone prints help.
    """
    if not arguments:
        from cfbench.tui.terminal import interactive

        return ["open"] if interactive(sys.stdin, sys.stdout) else []
    if arguments[0] in ("-h", "--help", "--version"):
        return arguments
    words = iter(arguments)
    for word in words:
        if word in ("--on", "--look"):
            next(words, None)
        elif not word.startswith("-"):
            return arguments if word in COMMANDS else ["open", *arguments]
    return ["open", *arguments]


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = root.main(arguments, prog_name="cfbench", standalone_mode=False)
    except CfbenchError as error:
        return _refuse(str(error), error.exit_code)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            error.show()
            return error.exit_code
        hint = f"; see '{context.command_path} --help'" if context else ""
        return _refuse(error.format_message().rstrip(".") + hint, error.exit_code)
    except click.Abort:
        return 130
    except OSError as error:
        return _refuse(f"{error.filename or 'the system'}: {error.strerror or error}", CfbenchError.exit_code)
    return code if isinstance(code, int) else 0


def _refuse(sentence: str, code: int) -> int:
    from cfbench.text import label

    click.echo(f"cfbench: {label(sentence, 2000)}", err=True)
    return code
