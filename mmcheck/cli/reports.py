"""Documents of a run: where each goes, and how they are written when it is over."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from click.shell_completion import CompletionItem
from msgspec import Struct, field
from rich.text import Text

from mmcheck import __version__
from mmcheck.cli.output import Output
from mmcheck.cli.run import Format
from mmcheck.cli.tally import Tally
from mmcheck.core.outcome import SpecOutcome
from mmcheck.diagnostics import Diagnostic
from mmcheck.elaborate.places import SUFFIX
from mmcheck.report.formats import FORMATS, render, write_whole
from mmcheck.report.quantity import count
from mmcheck.report.run import Run, candidates
from mmcheck.report.text import Traces


class ReportFile(Struct, frozen=True):
    """A document to write: its format, and where to."""

    format: str
    path: Path


def report_file(value: str) -> ReportFile:
    """`FORMAT:FILE`, refused at once where it could not be written at the end."""
    format, colon, name = value.partition(":")
    if not colon or not name or format not in FORMATS:
        raise click.BadParameter(
            f"{value!r} is not FORMAT:FILE, such as sarif:result.sarif; formats are {', '.join(FORMATS)}"
        )
    path = Path(name)
    if path.is_dir():
        raise click.BadParameter(
            f"{name!r} is a folder, and no report replaces one; name a file, such as {path / 'report.html'}"
        )
    if path.suffix == SUFFIX:
        raise click.BadParameter(f"{name!r} would be a spec by its name, and no report replaces one")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r} to write {path.name!r} into")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise click.BadParameter(f"{name!r} cannot be written: permission denied")
    return ReportFile(format, path)


def all_different(
    ctx: click.Context, param: click.Parameter, value: tuple[ReportFile, ...]
) -> tuple[ReportFile, ...]:
    """Refuse two reports that go to one file."""
    places = [report.path.resolve() for report in value]
    for report, place in zip(value, places, strict=True):
        if places.count(place) > 1 and (place.is_file() or not place.exists()):
            raise click.BadParameter(f"two reports would go to {str(report.path)!r}", ctx, param)
    return value


def complete_report(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell offers: the formats, and behind their colon what there is in a folder."""
    format, colon, start = incomplete.partition(":")
    if not colon:
        return [CompletionItem(f"{name}:") for name in FORMATS if name.startswith(format)]
    folder, stem = Path(start).parent if not start.endswith("/") else Path(start), Path(start + "*").name
    found = sorted(folder.glob(stem)) if folder.is_dir() else []
    return [CompletionItem(f"{format}:{path}{'/' * path.is_dir()}") for path in found]


class Documents(Struct):
    """Collects a run, and writes it down at its end: on the output in one format, and to files in others."""

    out: Output
    err: Output
    on_output: str | None
    files: Sequence[ReportFile]
    traces: Traces
    started: datetime
    _diagnostics: list[Diagnostic] = field(default_factory=list)
    _specs: list[SpecOutcome] = field(default_factory=list)

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        self._diagnostics += diagnostics

    def spec(self, outcome: SpecOutcome) -> None:
        self._specs.append(outcome)

    def end(self, result: Tally, summary: str) -> None:
        """Write all of them; what could not be written is told when the others are."""
        run = self._run(result, summary)
        if self.on_output is not None:
            self.out.write_plain(render(run, self.on_output))
        failures = [failure for report in self.files if (failure := _failure(report, run))]
        if "itf" in (self.on_output, *(report.format for report in self.files)):
            self._tell_other_traces(run)
        if failures:
            raise click.ClickException("; ".join(failures))

    def _run(self, result: Tally, summary: str) -> Run:
        return Run(
            tuple(self._specs),
            __version__,
            int(result.end),
            summary,
            tuple(self._diagnostics),
            result.crashed,
            self.started,
            str(Path.cwd()),
            self.traces,
        )

    def _tell_other_traces(self, run: Run) -> None:
        others = len(candidates(run)) - 1
        if others > 0:
            left = f"{count(others, 'other trace')} {'is' if others == 1 else 'are'} not in the ITF document"
            self.err.write(Text(f"{left}; choose one with --check and --property"))


def _failure(report: ReportFile, run: Run) -> str | None:
    """Write one, and say what kept it from being written."""
    try:
        write_whole(report.path, render(run, report.format))
    except OSError as error:
        return f"cannot write the report {report.path}: {error.strerror or error}"
    return None


class Several(Struct):
    """Tells a run in several ways, each in its turn."""

    formats: Sequence[Format]

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        for format in self.formats:
            format.diagnostics(diagnostics)

    def spec(self, outcome: SpecOutcome) -> None:
        for format in self.formats:
            format.spec(outcome)

    def end(self, result: Tally, summary: str) -> None:
        for format in self.formats:
            format.end(result, summary)
