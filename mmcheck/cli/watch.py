"""`mmcheck watch`: verify specs again whenever one of them, or a file that it imports, changes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import click
from msgspec import Struct, field
from rich.text import Text

from mmcheck import session
from mmcheck.cache.question import fingerprint
from mmcheck.cache.remembering import Cache, cache_in_use
from mmcheck.cli.completion import complete_check, complete_property
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.heartbeat import Heartbeat
from mmcheck.cli.interrupts import Interrupts
from mmcheck.cli.options import color_option, settings_option
from mmcheck.cli.output import Output, is_terminal, standard_error, standard_output
from mmcheck.cli.parameters import duration
from mmcheck.cli.run import TextFormat, run
from mmcheck.cli.tally import Tally
from mmcheck.core.outcome import SpecOutcome
from mmcheck.diagnostics import Diagnostic
from mmcheck.engines.engine import Limits, Observe, Progress
from mmcheck.engines.limits import ordinary_memory_limit
from mmcheck.engines.registry import DEFAULT, ENGINES
from mmcheck.jobs.standing import Crash, Result
from mmcheck.report.quantity import count
from mmcheck.report.text import Traces

EXAMPLES = """\b
Examples:
  mmcheck watch design.mmc                 while you write it
  mmcheck watch specs --check merged       one check of every spec below a folder
  mmcheck watch design.mmc --timeout 10s   give up on a check after a while
"""
CLEAR_SCREEN = "\x1b[2J\x1b[3J\x1b[H"
INTERVAL = 0.3


@click.command(epilog=EXAMPLES, short_help="Verify specs whenever they change.")
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
    "--timeout",
    type=duration,
    metavar="TIME",
    show_default="no limit",
    help="Stop a check after this time: 30 (seconds), 30s, 5m.",
)
@click.option(
    "--engine",
    type=click.Choice(list(ENGINES)),
    default=DEFAULT,
    show_default=True,
    help="What does the search.",
)
@click.option(
    "--traces",
    type=click.Choice([mode.value for mode in Traces]),
    default=Traces.UNEXPECTED.value,
    show_default=True,
    help="Which traces are shown.",
)
@click.option(
    "--interval",
    type=duration,
    default=f"{INTERVAL}s",
    show_default=True,
    metavar="TIME",
    help="How often to look. A change is taken up when nothing has changed for that long.",
)
@click.option(
    "--clear/--no-clear",
    default=True,
    show_default=True,
    help="Clear the screen, if it is one, before each report.",
)
@color_option
def watch(
    paths: tuple[str, ...],
    settings: tuple[str, ...],
    checks: tuple[str, ...],
    properties: tuple[str, ...],
    timeout: float | None,
    engine: str,
    traces: str,
    interval: float,
    clear: bool,
    color: str,
) -> Exit:
    """Verify the specs in PATHS, files and folders, and again whenever one of them changes, or a file that it
    imports.

    What changed is shown in full, of the rest what did not end as expected. A change also ends a search that
    is under way. Goes on through errors and deleted files; Ctrl-C ends it, with 130.
    """
    if not paths:
        raise click.UsageError("no path given: name files or folders, such as `mmcheck watch design.mmc`")
    out, err = standard_output(color, None), standard_error(color, None)
    options = session.Options(
        settings, checks, properties, Limits(timeout=timeout, max_memory=ordinary_memory_limit()), engine
    )
    interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()
    screen = clear and is_terminal(sys.stdout)
    watcher = Watcher(paths, options, Traces(traces), out, err, interrupts, interval, screen)
    try:
        watcher.go_on()
    except KeyboardInterrupt:
        err.write(Text(last_line(Exit.INTERRUPTED, "nothing is watched any more")))
    return Exit.INTERRUPTED


Seen = dict[str, object]
"""For each spec what its files hold; None where one of them cannot be read."""


class Watcher(Struct):
    """Looks at files, and verifies what has changed since it looked last."""

    paths: Sequence[str]
    options: session.Options
    traces: Traces
    out: Output
    err: Output
    interrupts: Interrupts
    interval: float
    screen: bool
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[object, SpecOutcome]] = field(default_factory=dict)
    _cache: Cache | None = field(default_factory=cache_in_use)
    _has_changed: bool = False

    def go_on(self) -> None:
        """Watch until Ctrl-C, which comes as KeyboardInterrupt."""
        before: Seen = {}
        while True:
            seen = self._settled()
            changed = {file for file, held in seen.items() if file not in before or before[file] != held}
            self._show(seen, changed)
            if self.interrupts.asked:
                raise KeyboardInterrupt
            before = seen
            while self.look() == before:
                self.sleep(self.interval)

    def look(self) -> Seen:
        """What there is now."""
        files, _ = session.find_specs(self.paths)
        prints = {file: fingerprint(file) for file in files}
        return {file: None if found is None else found.edges for file, found in prints.items()}

    def _settled(self) -> Seen:
        """What there is when nothing has changed for a while: an editor may write a file in several steps."""
        seen = self.look()
        while True:
            self.sleep(self.interval)
            now = self.look()
            if now == seen:
                return seen
            seen = now

    # --- a report ----------------------------------------------------------------------------------------

    def _show(self, seen: Seen, changed: set[str]) -> None:
        """Verify what has changed, and tell everything."""
        if self.screen:
            self.out.write_plain(CLEAR_SCREEN)
        self.err.write(Text(f"{datetime.now().astimezone():%H:%M:%S}  {count(len(seen), 'spec')}"))
        files, problems = session.find_specs(self.paths)
        heartbeat = Heartbeat(self.err.stream, self.screen, self.err.width)
        full = TextFormat(self.out, self.err, self.traces, quiet=False)
        rest = TextFormat(self.out, self.err, self.traces, quiet=True)
        observe = self._until_it_changes(seen, self.interrupts.before(heartbeat))
        format = _ByChange(changed, full, rest)
        self._has_changed = False
        try:
            run(self._results(files, seen, observe), problems, format, self.err, heartbeat)
        except _ChangedError:
            heartbeat.clear()
            self.err.write(Text("a file has changed: what was under way is ended"))

    def _results(self, files: Sequence[str], seen: Seen, observe: Observe) -> Iterator[Result]:
        """What comes out of each file, up to the first that is interrupted. Raises _ChangedError where it is
        a change that does it."""
        for file in files:
            try:
                outcome = self._verify(file, seen.get(file), observe)
            except Exception as error:
                yield Crash(file, error)
                continue
            except KeyboardInterrupt:
                self._end_if_changed()
                raise
            ended = any(check.interrupted for check in outcome.checks)
            if ended:
                self._end_if_changed()
            yield outcome
            if ended:
                return

    def _end_if_changed(self) -> None:
        if self._has_changed:
            raise _ChangedError

    def _verify(self, file: str, held: object, observe: Observe) -> SpecOutcome:
        known = self._known.get(file)
        if known is not None and held is not None and known[0] == held:
            return known[1]
        verify_file = session.verify_file if self._cache is None else self._cache.verify_file
        outcome = verify_file(file, self.options, observe)
        if not any(check.interrupted for check in outcome.checks):
            self._known[file] = held, outcome
        return outcome

    def _until_it_changes(self, seen: Seen, observe: Observe) -> Observe:
        """Observe, and end the search as Ctrl-C would when what it is about has changed."""
        next_look = self.clock() + self.interval

        def observed(progress: Progress) -> None:
            nonlocal next_look
            observe(progress)
            if self.clock() >= next_look:
                if self.look() != seen:
                    self._has_changed = True
                    raise KeyboardInterrupt
                next_look = self.clock() + self.interval

        return observed


class _ChangedError(Exception):
    """A file has changed while it was verified, or one that is to be."""


class _ByChange(Struct, frozen=True):
    """Shows in full what has changed."""

    changed: set[str]
    full: TextFormat
    rest: TextFormat

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.full.diagnostics(diagnostics)

    def spec(self, outcome: SpecOutcome) -> None:
        (self.full if outcome.file in self.changed else self.rest).spec(outcome)

    def end(self, result: Tally, summary: str) -> None:
        self.full.end(result, summary)
