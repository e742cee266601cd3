"""The group of commands: each is imported when it is called, and every way to end is told in one line."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from mmcheck import __version__
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.interrupts import Interrupts

COMMANDS = {
    "verify": "Verify specs: run their checks and show what went wrong.",
    "parse": "Read specs and say what is wrong with them, without verifying any.",
    "prove": "Say which invariants are inductive for every size, and show what breaks the others.",
    "mutate": "Weaken the designs of specs and show what no property notices.",
    "lint": "Show what is suspicious in specs: unused names, checks that do not differ.",
    "fmt": "Lay specs out in one style, their comments kept.",
    "simulate": "Take random runs through specs, and judge them on the way.",
    "why-not": "Show the nearest miss of a state that is not reached.",
    "explore": "Walk through a design by hand, in a full-screen explorer.",
    "watch": "Verify specs again whenever one of them, or a file that it imports, changes.",
    "graph": "Draw the states of a check, or classes of them, and the steps between.",
    "new": "Write a commented starter spec.",
    "certify": "Ask solvers again about the certificates of proofs.",
    "lsp": "Serve an editor: the language server.",
    "cache": "Show where verdicts are remembered, and forget them.",
    "explain": "Say what a diagnostic means, such as E302, and how to mend it.",
}
"""The commands with their short help. `a-name` lives in the module `mmcheck.cli.a_name`, as `a_name`."""


def _command(name: str) -> click.Command:
    command: click.Command = getattr(import_module(f"mmcheck.cli.{name}"), name)
    return command


WORDS = "mmcheck.words"
"""Where a context has the words of the command line."""


class Commands(click.Group):
    """A group that imports a command only to run it, so that `--version` and `--help` answer at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return _command(cmd_name.replace("-", "_"))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if (meant := _meant(args)) is None:
                raise
            message = f"{error.message} Did you mean `{ctx.command_path} {meant}`?"
            raise click.UsageError(message, ctx) from error

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """The context, with the words of the command line for who wants to know them."""
        words = tuple(args[1] if len(args) > 1 else extra["args"])
        context = super().make_context(*args, **extra)
        context.meta[WORDS] = words
        return context

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Run, and end the process with one of the exit codes."""
        extra["standalone_mode"] = False
        words = sys.argv[1:] if args is None else list(args)
        if (
            words[:1] == ["verify"]
            and "--no-cache" not in words
            and (known := _answer_again(words)) is not None
        ):
            sys.exit(known)
        interrupts = Interrupts()
        extra.setdefault("obj", interrupts)
        try:
            with interrupts.watched():
                code = super().main(args, *rest, **extra)
        except click.UsageError as error:
            code = _usage_error(error)
        except click.ClickException as error:
            code = _end(Exit.ERROR, error.format_message())
        except click.Abort:
            code = _end(Exit.INTERRUPTED, "nothing was verified")
        except OSError as error:
            code = _cannot_write(error) if error.errno in CANNOT_WRITE else _internal_error(error)
        except Exception as error:
            code = _internal_error(error)
        sys.exit(code)


def _meant(words: Sequence[str]) -> str | None:
    """What to write instead of words that begin with no command."""
    # As the names of a spec are compared, which only a mistake needs.
    from mmcheck.elaborate.scope import nearest

    if words[0].endswith(".mmc") or os.path.isdir(words[0]):
        return f"verify {words[0]}"
    return nearest(words[0], COMMANDS)


def _answer_again(words: Sequence[str]) -> int | None:
    # Hashing is needed by one command only, and would delay every other answer.
    from mmcheck.cli.again import answer_again

    return answer_again(words)


def _usage_error(error: click.UsageError) -> Exit:
    if error.ctx is not None:
        _tell(error.ctx.get_usage())
        _tell(f"Try '{error.ctx.command_path} --help' for help.")
    return _end(Exit.ERROR, error.format_message())


CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a disk says that takes no more, which is no bug of mmcheck."""


def _cannot_write(error: OSError) -> Exit:
    """Tell that a help page, say, could not be written."""
    from mmcheck.cli.output import silence

    silence(sys.stdout)
    return _end(Exit.ERROR, f"cannot write the results: {error.strerror}")


def _internal_error(error: Exception) -> Exit:
    # rich and what it imports are needed only here, and would delay every other answer.
    from mmcheck.cli.crash import report_crash

    report_crash(error)
    return _end(Exit.INTERNAL_ERROR, "this is a bug in mmcheck; please report it with the lines above")


def _end(end: Exit, summary: str) -> Exit:
    _tell(last_line(end, summary))
    return end


def _tell(line: str) -> None:
    """Write to stderr. Nobody may read it, and the exit code stays true."""
    try:
        click.echo(line, err=True)
    except OSError:
        from mmcheck.cli.output import silence

        silence(sys.stderr)


EXIT_CODES = """\b
Exit codes:
  0    every check ended as it expects
  1    a check did not (or, with --strict, there was a warning)
  2    wrong usage, or a spec with errors
  3    a limit came first (time, memory, states, depth), and nothing worse
  4    internal error: a bug in mmcheck
  130  interrupted
The last line on stderr always says which.
"""


@click.group(
    cls=Commands,
    no_args_is_help=False,
    epilog=f"Example: mmcheck verify specs\n\n{EXIT_CODES}",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="mmcheck", message="%(prog)s %(version)s")
def mmcheck() -> None:
    """A model checker for the memory-management and file-system designs of kernels."""
