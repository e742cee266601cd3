"""`mmcheck verify`: run the checks of specs and show what went wrong."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import click

from mmcheck import session
from mmcheck.cache.question import can_be_remembered
from mmcheck.cache.remembering import cache_in_use
from mmcheck.cli.completion import complete_check, complete_property
from mmcheck.cli.exits import Exit
from mmcheck.cli.group import EXIT_CODES
from mmcheck.cli.heartbeat import Heartbeat, rewritable
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.options import color_option, settings_option, width_option
from mmcheck.cli.output import standard_error, standard_output
from mmcheck.cli.page import Page
from mmcheck.cli.parameters import duration, memory_size, processes
from mmcheck.cli.reports import (
    Documents,
    ReportFile,
    Several,
    all_different,
    complete_report,
    report_file,
)
from mmcheck.cli.run import Format, TextFormat, run
from mmcheck.engines.engine import Limits, Preferences
from mmcheck.engines.limits import ordinary_memory_limit
from mmcheck.engines.registry import DEFAULT, ENGINES
from mmcheck.jobs.verify import results
from mmcheck.report.formats import FORMATS
from mmcheck.report.text import Traces

EXAMPLES = """\b
Examples:
  mmcheck verify specs                          every spec below a folder
  mmcheck verify memfd_seal.mmc --traces all    counterexamples and witnesses, expected ones too
  mmcheck verify memfd_seal.mmc --check merged --set Page=3
  mmcheck verify specs --timeout 5m --max-memory 4G --format json > result.json
  mmcheck verify specs --report sarif:result.sarif --report html:report.html
  mmcheck verify --importers models/gup.mmc     what a change to a model touches
"""


DRAWN = 40
"""The most states whose graph is in an HTML report: with more of them nobody follows an arrow."""


@click.command(epilog=f"{EXAMPLES}\n{EXIT_CODES}", short_help="Verify specs.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="PATHS...")
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
    "--property",
    "properties",
    multiple=True,
    metavar="NAME",
    show_default="all",
    shell_complete=complete_property,
    help="Judge only this property. Repeatable.",
)
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="no limit",
    help="Stop a check after N states.",
)
@click.option(
    "--max-depth",
    "--depth",
    type=click.IntRange(min=0),
    metavar="N",
    show_default="no limit; 25 for bmc, 12 for kinduction",
    help="Stop a check N steps from the initial states.",
)
@click.option(
    "--timeout",
    type=duration,
    metavar="TIME",
    show_default="no limit",
    help="Stop a check after this time: 30 (seconds), 30s, 5m, 1h.",
)
@click.option(
    "--budget",
    type=duration,
    metavar="TIME",
    show_default="no limit",
    help="Stop the whole run after this time. What has no verdict then is told, but is no failure: for hooks "
    "that must be quick. No spec is left out, so reading them may take longer.",
)
@click.option(
    "--max-memory",
    type=memory_size,
    metavar="SIZE",
    show_default="80% of the machine's memory",
    help="Stop a check before the process takes more memory than this: 512M, 2G.",
)
@click.option(
    "--spill",
    type=click.Path(path_type=Path),
    metavar="DIR",
    show_default="stop",
    help="Go on in this folder when the memory limit is reached. Its files are removed at the end.",
)
@click.option(
    "--checkpoint",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    show_default="none",
    help="Write to this folder, now and then, where each check stands; the same command goes on from there.",
)
@click.option(
    "--certificate",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    show_default="none",
    help="Write each proof by induction to this folder, as SMT-LIB 2 that `mmcheck certify` asks again.",
)
@click.option(
    "--induction",
    is_flag=True,
    help="Say also of each invariant whether it is inductive, and show a step that breaks it. Default: off.",
)
@click.option(
    "--engine",
    type=click.Choice(list(ENGINES)),
    default=DEFAULT,
    show_default=True,
    help="What does the search; `auto` has solver engines beside one that takes long.",
)
@click.option(
    "--every-size",
    is_flag=True,
    help="Look for proofs for every number of elements also where the search is soon through, and show these "
    "first (engine auto). Default: off.",
)
@click.option(
    "--no-symmetry",
    is_flag=True,
    help="Count states that differ only by a permutation of sort elements one by one. Default: off.",
)
@click.option(
    "--jobs",
    type=processes,
    default="auto",
    show_default=True,
    metavar="N",
    help="Processes that verify checks, a check at a time each; `auto` takes as many as there are cores, if "
    "there is work for them. They share --max-memory; with --spill or --checkpoint there is one.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1, max=64),
    default=2,
    show_default=True,
    help="Threads of the explicit engine, shared between the processes. Results do not depend on them.",
)
@click.option(
    "--helpers",
    type=click.IntRange(min=0, max=8),
    metavar="N",
    show_default="1, or 2 where there are more than two cores",
    help="Processes with solver engines beside a search that takes longer than 3 s (engine auto). With "
    "0, and with --coverage, the search is left alone.",
)
@click.option(
    "--keep-going/--stop-at-first",
    default=True,
    show_default=True,
    help="Go on for the first counterexample of each property, or end a check at its first violation that it "
    "does not expect (explicit engine).",
)
@click.option(
    "--format",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    show_default=True,
    help="How the results on stdout are written. JSON and HTML hold every trace, ITF one of them.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=report_file,
    callback=all_different,
    shell_complete=complete_report,
    metavar="FORMAT:FILE",
    show_default="none",
    help="Write the results to a file, too, in any of these formats but text: html:report.html. Repeatable.",
)
@click.option(
    "--traces",
    type=click.Choice([mode.value for mode in Traces]),
    default=Traces.UNEXPECTED.value,
    show_default=True,
    help="Which traces text and Markdown show; `all` adds the expected counterexamples and the witnesses.",
)
@click.option(
    "--coverage",
    is_flag=True,
    help="Show, by source line, how often each transition and branch was taken, over all checks of a spec. "
    "Default: off. JSON always holds it.",
)
@click.option(
    "--show-invariant",
    is_flag=True,
    help="Show the lemmas of proofs by induction, as declarations for the spec. Default: off. JSON always "
    "holds them.",
)
@click.option(
    "--quiet", is_flag=True, help="Show only what did not end as expected, and warnings. Default: off."
)
@click.option("--strict", is_flag=True, help="End with 1 when there are warnings. Default: off.")
@click.option(
    "--importers",
    is_flag=True,
    help="Verify also every spec below the current folder that imports a given file, directly or not. "
    "Default: off.",
)
@click.option(
    "--cache/--no-cache",
    default=True,
    show_default=True,
    help="Answer from an earlier run where nothing has changed that a verdict depends on, and say so.",
)
@width_option
@color_option
def verify(
    paths: tuple[str, ...],
    settings: tuple[str, ...],
    checks: tuple[str, ...],
    properties: tuple[str, ...],
    max_states: int | None,
    max_depth: int | None,
    timeout: float | None,
    budget: float | None,
    max_memory: int | None,
    spill: Path | None,
    checkpoint: Path | None,
    certificate: Path | None,
    induction: bool,
    engine: str,
    every_size: bool,
    no_symmetry: bool,
    jobs: int | None,
    threads: int,
    helpers: int | None,
    keep_going: bool,
    format: str,
    reports: tuple[ReportFile, ...],
    traces: str,
    coverage: bool,
    show_invariant: bool,
    quiet: bool,
    strict: bool,
    importers: bool,
    cache: bool,
    width: int | None,
    color: str,
) -> Exit:
    """Verify the specs in PATHS: files, and folders with the specs below them.

    Every check of every spec is run. It is as expected when each property ends as the check says, so a design
    that is known to be broken and says so is fine.
    """
    if not paths:
        raise click.UsageError("no path given: name files or folders, such as `mmcheck verify specs`")
    if every_size and engine not in (DEFAULT, "parametric"):
        raise click.UsageError(f"--every-size is about the engine {DEFAULT}; {engine} knows one size only")
    limits = Limits(max_states, max_depth, timeout, max_memory or ordinary_memory_limit())
    # Only a search that goes to its end knows what was covered.
    helpers = 0 if coverage else helpers
    preferences = Preferences(
        not no_symmetry, threads, spill, checkpoint, helpers=helpers, every_size=every_size
    )
    options = session.Options(
        settings,
        checks,
        properties,
        limits,
        engine,
        preferences,
        certificates=certificate,
        keep_going=keep_going,
        induction=induction,
        deadline=None if budget is None else time.monotonic() + budget,
        graphs=DRAWN if "html" in (format, *(report.format for report in reports)) else 0,
    )
    out, err = standard_output(color, width), standard_error(color, width)
    heartbeat = Heartbeat(err.stream, rewritable(err), err.width)
    files, diagnostics = session.find_specs(paths, importers)
    if spill is not None and (problem := session.spill_folder_problem(spill)) is not None:
        files, diagnostics = (), (problem,)
    if certificate is not None and (problem := session.one_folder_problem(files)) is not None:
        files, diagnostics = (), (problem,)
    on_output = None if format == "text" else format
    plain = TextFormat(out, err, Traces(traces), quiet, coverage, show_invariant, budget is not None)
    written: list[Format] = [] if on_output else [plain]
    if on_output or reports:
        started = datetime.now().astimezone()
        written.append(Documents(out, err, on_output, reports, Traces(traces), started))
    interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()
    observe = interrupts.before(session.ignore if quiet else heartbeat)
    known = cache_in_use() if cache else None
    if known is not None and can_be_remembered(options) and written == [plain]:
        written.append(Page(known.store, paths, importers, plain))
    make = results if known is None else known.results
    with closing(make(files, options, observe, jobs)) as found:
        return run(found, diagnostics, Several(written), err, heartbeat, strict, budget is not None)
