"""`mmcheck lint`: what is suspicious in specs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.text import Text

from mmcheck import __version__, session
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.heartbeat import Heartbeat, rewritable
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.options import color_option, width_option
from mmcheck.cli.output import Output, standard_error, standard_output
from mmcheck.cli.parameters import duration
from mmcheck.diagnostics import Diagnostic, Severity
from mmcheck.engines.engine import Limits, Preferences
from mmcheck.engines.limits import ordinary_memory_limit
from mmcheck.linting.run import LintOutcome, lint_file
from mmcheck.report import diagnostics, formats
from mmcheck.report.quantity import count
from mmcheck.report.run import Run

EXAMPLES = """\b
Examples:
  mmcheck lint specs models                        what the text alone shows, in a moment
  mmcheck lint --deep specs/memfd_seal.mmc         with what only a search of its checks shows
  mmcheck lint specs --format sarif > lint.sarif   for code scanning

\b
Exit codes:
  0    nothing was found
  1    something was found
  2    wrong usage, or a spec with errors
  3    with --deep: a limit came first, and nothing was found
  4    internal error: a bug in mmcheck
  130  interrupted
The last line on stderr always says which.
"""


@click.command(epilog=EXAMPLES, short_help="Show what is suspicious in specs.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="PATHS...")
@click.option(
    "--deep",
    is_flag=True,
    help="Run the checks as well, for what only a search shows: transitions that never fire, premises that "
    "are never true, checks that make no difference. Default: off.",
)
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="no limit",
    help="With --deep: stop a check after N states.",
)
@click.option(
    "--timeout",
    type=duration,
    metavar="TIME",
    show_default="no limit",
    help="With --deep: stop a check after this time: 30 (seconds), 30s, 5m.",
)
@click.option(
    "--format",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="How what was found is written on stdout.",
)
@width_option
@color_option
def lint(
    paths: tuple[str, ...],
    deep: bool,
    max_states: int | None,
    timeout: float | None,
    format: str,
    width: int | None,
    color: str,
) -> Exit:
    """Show what is suspicious in the specs in PATHS, files and folders: names that nothing uses, names that
    hide others, checks that do not differ, properties that say nothing.

    A comment `// mmcheck: allow W610 because …` on the line, or above it, allows what is meant to be so; it
    works for the warnings of `mmcheck verify` as well. Each code has a page: `mmcheck explain W610`.
    """
    if not paths:
        raise click.UsageError("no path given: name files or folders, such as `mmcheck lint specs`")
    out, err = standard_output(color, width), standard_error(color, width)
    files, problems = session.find_specs(paths)
    limits = Limits(max_states, None, timeout, ordinary_memory_limit())
    options = session.Options(limits=limits, preferences=Preferences())
    heartbeat = Heartbeat(err.stream, rewritable(err), err.width)
    interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()
    observe = interrupts.before(heartbeat)
    outcomes: list[LintOutcome] = []
    for file in files:
        outcomes.append(lint_file(file, deep, options, observe))
        heartbeat.clear()
        if outcomes[-1].interrupted:
            break
    return _tell(outcomes, problems, format, out, err)


def _tell(
    outcomes: Sequence[LintOutcome],
    problems: Sequence[Diagnostic],
    format: str,
    out: Output,
    err: Output,
) -> Exit:
    found = list(dict.fromkeys([*problems, *(d for o in outcomes for d in o.diagnostics)]))
    end = _exit(outcomes, found)
    summary = last_line(end, _summary(outcomes, found))
    if format == "text":
        for diagnostic in found:
            stream = err if diagnostic.severity is Severity.ERROR else out
            stream.write(diagnostics.render(diagnostic, stream.width) + Text("\n"))
    else:
        run = Run((), __version__, int(end), summary, tuple(found), folder=str(Path.cwd()))
        out.write_plain(formats.render(run, format))
    err.write(Text(summary))
    return end


def _exit(outcomes: Sequence[LintOutcome], found: Sequence[Diagnostic]) -> Exit:
    if any(outcome.interrupted for outcome in outcomes):
        return Exit.INTERRUPTED
    if any(d.severity is Severity.ERROR for d in found):
        return Exit.ERROR
    if found:
        return Exit.FAIL
    return Exit.UNKNOWN if any(outcome.unfinished for outcome in outcomes) else Exit.OK


def _summary(outcomes: Sequence[LintOutcome], found: Sequence[Diagnostic]) -> str:
    errors = sum(d.severity is Severity.ERROR for d in found)
    parts = [count(errors, "error")] if errors else []
    if len(found) > errors or not errors:
        parts.append(count(len(found) - errors, "warning"))
    cut = sum(len(outcome.unfinished) for outcome in outcomes)
    limits = f"; a limit came first in {count(cut, 'check')}" if cut else ""
    return f"{', '.join(parts)} in {count(len(outcomes), 'file')}{limits}"
