"""`mmcheck mutate`: weaken the designs of specs, and show what no property notices."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import click
from msgspec import Struct, field
from rich.text import Text

from mmcheck import __version__, session
from mmcheck.cli.completion import complete_check
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.heartbeat import CLEAR, LOG_INTERVAL, QUIET_SECONDS, TERMINAL_INTERVAL, rewritable
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.options import color_option, settings_option, width_option
from mmcheck.cli.output import Output, standard_error, standard_output
from mmcheck.cli.parameters import duration
from mmcheck.core.mutation import Fate, MutationOutcome
from mmcheck.diagnostics import SpecError
from mmcheck.engines.engine import Limits, Preferences
from mmcheck.engines.limits import ordinary_memory_limit
from mmcheck.engines.registry import ENGINES
from mmcheck.mutation import run as mutation
from mmcheck.report import diagnostics, progress
from mmcheck.report import mutation as report
from mmcheck.report.quantity import count

EXAMPLES = """\b
Examples:
  mmcheck mutate specs/memfd_seal.mmc                what its properties would not notice
  mmcheck mutate specs/memfd_seal.mmc --list         the mutants, without verifying them
  mmcheck mutate specs/memfd_seal.mmc --mutant seals:46:9     one of them, with its counterexample
  mmcheck mutate specs --format json > mutants.json

\b
Exit codes:
  0    every mutant is killed, equivalent or excused
  1    a mutant survived
  2    wrong usage, or a spec with errors, or one that does not end as it expects
  3    a mutant is undecided: a limit came first, or there is no verdict
  4    internal error: a bug in mmcheck
  130  interrupted
The last line on stderr always says which.
"""


@click.command(epilog=EXAMPLES, short_help="Show what no property of a spec notices.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="PATHS...")
@settings_option
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="NAME",
    show_default="all",
    shell_complete=complete_check,
    help="Ask only this check. Repeatable.",
)
@click.option(
    "--mutant",
    "ids",
    multiple=True,
    metavar="ID",
    show_default="all",
    help="Verify only this mutant; alone, it is shown with the counterexample. Repeatable.",
)
@click.option(
    "--no-imports",
    is_flag=True,
    help="Weaken only what stands in the file itself, not what it imports. Default: off.",
)
@click.option("--list", "list_only", is_flag=True, help="List the mutants and do nothing else. Default: off.")
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="no limit",
    help="Stop a check of a mutant after N states.",
)
@click.option(
    "--timeout",
    type=duration,
    metavar="TIME",
    show_default="no limit",
    help="Stop a mutant after this time, all its checks together: 30 (seconds), 30s, 5m.",
)
@click.option(
    "--engine",
    type=click.Choice(list(ENGINES)),
    default="explicit",
    show_default=True,
    help="What does the search.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1, max=64),
    default=2,
    show_default=True,
    help="Processes that verify mutants, a mutant at a time each.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1, max=64),
    default=1,
    show_default=True,
    help="Threads of the explicit engine in each process.",
)
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the results on stdout are written. JSON holds every mutant.",
)
@click.option("--quiet", is_flag=True, help="Show only what survived or is undecided. Default: off.")
@width_option
@color_option
def mutate(
    paths: tuple[str, ...],
    settings: tuple[str, ...],
    checks: tuple[str, ...],
    ids: tuple[str, ...],
    no_imports: bool,
    list_only: bool,
    max_states: int | None,
    timeout: float | None,
    engine: str,
    jobs: int,
    threads: int,
    format: str,
    quiet: bool,
    width: int | None,
    color: str,
) -> Exit:
    """Weaken the designs of the specs in PATHS, one thing at a time, and see which checks notice.

    A mutant is the spec with one guard, assignment, jump, condition, step or fairness less, in the file or in
    what it imports. It is killed when a check does not end as it expects any more. What survives is a part
    of the design that no property depends on; `// survives: reason` in the source excuses it.
    """
    if not paths:
        raise click.UsageError("no path given: name files or folders, such as `mmcheck mutate specs`")
    files, found = session.find_specs(paths)
    if ids and len(files) > 1:
        raise click.UsageError("--mutant needs the one spec that has it")
    out, err = standard_output(color, width), standard_error(color, width)
    limits = Limits(max_states, None, timeout, ordinary_memory_limit() // jobs)
    options = session.Options(settings, checks, (), limits, engine, Preferences(threads=threads))
    run = _Run(out, err, options, jobs, not no_imports, ids, quiet, format == "json", list_only)
    for problem in found:
        err.write(diagnostics.render(problem, err.width))
    try:
        outcomes = run.over(files)
    except mutation.UnknownMutantError as error:
        raise click.UsageError(str(error)) from error
    return run.end(outcomes, bool(found))


class _Run(Struct):
    """A run over some specs: what is told, and when."""

    out: Output
    err: Output
    options: session.Options
    jobs: int
    imports: bool
    ids: tuple[str, ...]
    quiet: bool
    as_json: bool
    list_only: bool
    _started: float = field(default_factory=time.monotonic)
    _next: float = 0.0
    _visible: bool = False

    def over(self, files: Sequence[str]) -> list[MutationOutcome]:
        """The outcomes, told as they come."""
        outcomes: list[MutationOutcome] = []
        for file in files:
            outcomes.append(self._list(file) if self.list_only else self._mutate(file))
            self._clear()
            self._tell(outcomes[-1], first=len(outcomes) == 1)
            if outcomes[-1].interrupted:
                break
        return outcomes

    def _mutate(self, file: str) -> MutationOutcome:
        interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()
        return mutation.mutate(
            file,
            self.options,
            jobs=self.jobs,
            imports=self.imports,
            ids=self.ids,
            watch=self._watch,
            observe=interrupts.before(session.ignore),
        )

    def _list(self, file: str) -> MutationOutcome:
        try:
            return mutation.listed(file, self.options.settings, self.imports)
        except SpecError as error:
            return MutationOutcome(file, file, diagnostics=error.diagnostics)

    def _tell(self, outcome: MutationOutcome, first: bool) -> None:
        for diagnostic in outcome.diagnostics:
            self.err.write(diagnostics.render(diagnostic, self.err.width) + Text("\n"))
        if self.as_json:
            return
        width = self.out.width
        shown = (
            report.render_list(outcome, width)
            if self.list_only
            else report.render(outcome, width, self.quiet)
        )
        if shown.plain:
            self.out.write(shown if first else Text("\n") + shown)

    def end(self, outcomes: list[MutationOutcome], wrong_path: bool) -> Exit:
        """Tell how it all ended."""
        end = self._exit(outcomes, wrong_path)
        errors = sum(len(outcome.diagnostics) for outcome in outcomes)
        said = report.summary(outcomes)
        if self.list_only and end is not Exit.ERROR:
            said = f"{count(sum(len(o.mutants) for o in outcomes), 'mutant')} listed"
        elif end is Exit.ERROR:
            found = any(outcome.outcomes for outcome in outcomes)
            said = count(errors + wrong_path, "error") + (f"; {said}" if found else "")
        line = last_line(end, said)
        if self.as_json:
            document = report.document(outcomes, end, line, __version__)
            self.out.write_plain(json.dumps(document, indent=2) + "\n")
        self.err.write(Text(line))
        return end

    def _exit(self, outcomes: Sequence[MutationOutcome], wrong_path: bool) -> Exit:
        fates = {o.fate for outcome in outcomes for o in outcome.outcomes}
        if any(outcome.interrupted for outcome in outcomes):
            return Exit.INTERRUPTED
        if wrong_path or any(outcome.diagnostics for outcome in outcomes):
            return Exit.ERROR
        if Fate.SURVIVED in fates:
            return Exit.FAIL
        return Exit.UNKNOWN if Fate.UNDECIDED in fates else Exit.OK

    # --- signs of life -----------------------------------------------------------------------------------

    def _watch(self, standing: mutation.Standing) -> None:
        now = time.monotonic()
        terminal = rewritable(self.err)
        first = self._started + (QUIET_SECONDS if terminal else LOG_INTERVAL)
        if self.quiet or now < max(first, self._next):
            return
        self._next = now + (TERMINAL_INTERVAL if terminal else LOG_INTERVAL)
        line = progress.mutation_line(standing.done, standing.total, standing.survived)
        self.err.write_plain(f"{CLEAR}{line[: self.err.width - 1]}" if terminal else f"{line}\n")
        self._visible = terminal

    def _clear(self) -> None:
        if self._visible:
            self.err.write_plain(CLEAR)
            self._visible = False
