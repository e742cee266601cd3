"""`mmcheck simulate`: random runs of specs."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.text import Text

from mmcheck import __version__, session
from mmcheck.cli.completion import complete_check
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.heartbeat import Heartbeat, rewritable
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.options import color_option, settings_option, width_option
from mmcheck.cli.output import Output, standard_error, standard_output
from mmcheck.cli.parameters import duration
from mmcheck.core.coverage import merge
from mmcheck.core.outcome import Ending, SpecOutcome
from mmcheck.diagnostics import Diagnostic
from mmcheck.engines.engine import Limits
from mmcheck.engines.limits import ordinary_memory_limit
from mmcheck.exploring.simulation import Plan, simulate_file
from mmcheck.report import coverage as coverage_report
from mmcheck.report import diagnostics, formats, text
from mmcheck.report.quantity import count
from mmcheck.report.run import Run
from mmcheck.report.text import Traces

EXAMPLES = """\b
Examples:
  mmcheck simulate specs/memfd_seal.mmc                        100 runs of 50 steps for each check
  mmcheck simulate specs/memfd_seal.mmc --check merged --runs 1000 --steps 200
  mmcheck simulate specs/memfd_seal.mmc --seed 7 --coverage    the same runs every time

\b
Exit codes:
  0    no property was violated that a check expects to hold (which proves nothing)
  1    one was
  2    wrong usage, or a spec with errors
  4    internal error: a bug in mmcheck
  130  interrupted
The last line on stderr always says which.
"""


@click.command(epilog=EXAMPLES, short_help="Take random runs through specs.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="PATHS...")
@click.option(
    "--seed", type=int, metavar="N", show_default="another one each time", help="What to begin with."
)
@click.option(
    "--runs", type=click.IntRange(min=1), default=100, show_default=True, help="Runs of each check."
)
@click.option(
    "--steps", type=click.IntRange(min=1), default=50, show_default=True, help="Most steps of a run."
)
@settings_option
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="NAME",
    show_default="all",
    shell_complete=complete_check,
    help="Run only this check. Repeatable.",
)
@click.option(
    "--timeout",
    type=duration,
    metavar="TIME",
    show_default="no limit",
    help="Stop a check after this time: 30 (seconds), 30s, 5m.",
)
@click.option(
    "--traces",
    type=click.Choice([mode.value for mode in Traces]),
    default=Traces.UNEXPECTED.value,
    show_default=True,
    help="Which runs are shown; `all` adds the expected counterexamples and the witnesses.",
)
@click.option(
    "--coverage",
    is_flag=True,
    help="Show, by source line, how often each transition and branch was taken. Default: off.",
)
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the results on stdout are written. JSON is that of `mmcheck verify`.",
)
@width_option
@color_option
def simulate(
    paths: tuple[str, ...],
    seed: int | None,
    runs: int,
    steps: int,
    settings: tuple[str, ...],
    checks: tuple[str, ...],
    timeout: float | None,
    traces: str,
    coverage: bool,
    format: str,
    width: int | None,
    color: str,
) -> Exit:
    """Take random runs through the checks of the specs in PATHS, and judge the properties on the way.

    This finds what is easy to find in designs that are too large to be searched, and proves nothing. A
    counterexample is not the shortest. The last lines have the command that takes the same runs again.
    """
    if not paths:
        raise click.UsageError("no path given: name files or folders, such as `mmcheck simulate specs`")
    started = datetime.now().astimezone()
    out, err = standard_output(color, width), standard_error(color, width)
    files, problems = session.find_specs(paths)
    plan = Plan(secrets.randbelow(2**31) if seed is None else seed, runs, steps)
    limits = Limits(None, None, timeout, ordinary_memory_limit())
    options = session.Options(settings, checks, limits=limits)
    heartbeat = Heartbeat(err.stream, rewritable(err), err.width)
    interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()
    outcomes: list[SpecOutcome] = []
    for file in files:
        outcomes.append(simulate_file(file, plan, options, interrupts.before(heartbeat)))
        heartbeat.clear()
        if format == "text":
            _show(outcomes[-1], Traces(traces), coverage, out, err, first=len(outcomes) == 1)
        if any(check.interrupted for check in outcomes[-1].checks):
            break
    for problem in problems:
        err.write(diagnostics.render(problem, err.width))
    end = _exit(outcomes, problems)
    summary = last_line(end, _summary(outcomes, problems))
    if format == "json":
        version, folder = __version__, str(Path.cwd())
        run = Run(tuple(outcomes), version, int(end), summary, problems, started=started, folder=folder)
        out.write_plain(formats.render(run, format))
    err.write(Text(f"again: {_command(paths, plan, settings, checks)}"))
    err.write(Text(summary))
    return end


def _show(
    outcome: SpecOutcome, traces: Traces, coverage: bool, out: Output, err: Output, first: bool
) -> None:
    shown = text.render(outcome, out.width, traces)
    if shown.plain:
        out.write(shown if first else Text("\n") + shown)
    if outcome.checks:
        out.write(Text(f"\n{_fired(outcome)}"))
    if coverage and outcome.checks:
        out.write(Text("\n") + coverage_report.render(outcome, out.width))
    for diagnostic in outcome.diagnostics:
        err.write(diagnostics.render(diagnostic, err.width) + Text("\n"))


def _fired(outcome: SpecOutcome) -> str:
    """How many of the transitions that can fire did, in all checks together, and the others."""
    together = merge([check.coverage for check in outcome.checks if check.coverage])
    possible = [t for t in together.transitions if t.possible]
    never = [t.name for t in possible if not t.fired]
    told = f"{len(possible) - len(never)} of {count(len(possible), 'transition')} fired"
    return told + (f"; never: {', '.join(never)}" if never else "")


def _command(paths: Sequence[str], plan: Plan, settings: Sequence[str], checks: Sequence[str]) -> str:
    """What takes the same runs again."""
    words = ["mmcheck", "simulate", *paths, "--seed", str(plan.seed)]
    words += ["--runs", str(plan.runs), "--steps", str(plan.steps)]
    words += [word for value in settings for word in ("--set", value)]
    words += [word for name in checks for word in ("--check", name)]
    return shlex.join(words)


def _exit(outcomes: Sequence[SpecOutcome], problems: Sequence[Diagnostic]) -> Exit:
    """What was not found is no surprise in a random run."""
    checks = [check for outcome in outcomes for check in outcome.checks]
    if any(check.interrupted for check in checks):
        return Exit.INTERRUPTED
    if problems or any(outcome.diagnostics for outcome in outcomes):
        return Exit.ERROR
    return Exit.FAIL if any(check.ending is Ending.UNEXPECTED for check in checks) else Exit.OK


def _summary(outcomes: Sequence[SpecOutcome], problems: Sequence[Diagnostic]) -> str:
    checks = [check for outcome in outcomes for check in outcome.checks]
    wrong = sum(check.ending is Ending.UNEXPECTED for check in checks)
    steps = count(sum(check.statistics.transitions for check in checks), "random step")
    errors = len(problems) + sum(len(outcome.diagnostics) for outcome in outcomes)
    if errors:
        return count(errors, "error")
    if wrong:
        return f"{wrong} of {count(len(checks), 'check')} violated what it expects, in {steps}"
    return f"nothing unexpected in {steps} of {count(len(checks), 'check')}, which proves nothing"
