"""`mmcheck fmt`: specs in one layout."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import unified_diff
from enum import Enum
from pathlib import Path

import click
from msgspec import Struct
from rich.text import Text

from mmcheck import session
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.options import color_option
from mmcheck.cli.output import Output, standard_error, standard_output
from mmcheck.diagnostics import Collector, Diagnostic, SpecError
from mmcheck.elaborate.modules import read_source
from mmcheck.report import diagnostics
from mmcheck.report.formats import write_whole
from mmcheck.report.quantity import count
from mmcheck.syntax.formatting.formatter import MeaningChangedError, format_text

EXAMPLES = """\b
Examples:
  mmcheck fmt specs models             every spec below two folders, in place
  mmcheck fmt --check specs            name those that are not formatted, and end with 1
  mmcheck fmt --diff specs             show what would change, and change nothing
  mmcheck fmt - < draft.mmc            from stdin to stdout

\b
Exit codes:
  0    every file is formatted now (with --check and --diff: was so already)
  1    with --check or --diff: a file is not formatted
  2    wrong usage, or a file that cannot be read or written or has syntax errors; it is left alone
  4    internal error: a bug in mmcheck
The last line on stderr always says which.
"""
STDIN = "-"
NO_END = "\n\\ No newline at end of file\n"
"""How a patch tells it."""


class Fate(Enum):
    """What became of a file."""

    SAME = "as it was"
    CHANGED = "formatted"
    ERROR = "left alone, because of its errors"
    REFUSED = "left alone: formatting it would change its meaning, which is a bug in mmcheck"


@click.command(epilog=EXAMPLES, short_help="Lay specs out.")
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="PATHS...")
@click.option("--check", is_flag=True, help="Change nothing; name what is not formatted. Default: off.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change. Default: off.")
@color_option
def fmt(paths: tuple[str, ...], check: bool, diff: bool, color: str) -> Exit:
    """Lay out the specs in PATHS, files and folders, in one style; `-` is stdin, written to stdout.

    Only the space between words changes, never what a spec means or what its comments say. A file is replaced
    as a whole or not at all, and not touched where it is formatted already or has errors.
    """
    if not paths:
        raise click.UsageError("no path given: name files or folders, such as `mmcheck fmt specs`")
    if STDIN in paths and len(paths) > 1:
        raise click.UsageError("`-` stands for stdin, and goes with no other path")
    run = _Run(standard_output(color, None), standard_error(color, None), check, diff)
    if paths == (STDIN,):
        return run.end([run.stdin()], [])
    files, problems = session.find_specs(paths)
    for problem in problems:
        run.tell(problem)
    return run.end([run.file(file) for file in files], problems)


class _Run(Struct):
    out: Output
    err: Output
    check: bool
    diff: bool

    def stdin(self) -> Fate:
        """Format what comes in."""
        raw = sys.stdin.buffer.read()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"stdin is not UTF-8 text (byte {error.start} is {raw[error.start]:#04x})"
            self.tell(Diagnostic("E002", message, None, "give a spec written as UTF-8 text"))
            return Fate.ERROR
        formatted, fate = self._formatted(text, "<stdin>", raw)
        if formatted is not None and not self._only_tells("<stdin>", text, formatted, fate):
            self.out.write_plain(formatted)
        return fate

    def file(self, name: str) -> Fate:
        """Format a file in its place."""
        collector = Collector()
        source = read_source(Path(name), name, collector)
        if source is None:
            for diagnostic in collector.in_order():
                self.tell(diagnostic)
            return Fate.ERROR
        try:
            formatted, fate = self._formatted(source.text, name, Path(name).read_bytes())
            if formatted is None or fate is Fate.SAME or self._only_tells(name, source.text, formatted, fate):
                return fate
            write_whole(Path(name), formatted)
        except OSError as error:
            self.err.write(Text(f"cannot write {name}: {error.strerror}"))
            return Fate.ERROR
        self.err.write(Text(f"formatted {name}"))
        return fate

    def _formatted(self, text: str, name: str, raw: bytes) -> tuple[str | None, Fate]:
        try:
            formatted = format_text(text, name)
        except SpecError as error:
            for diagnostic in error.diagnostics:
                self.tell(diagnostic)
            return None, Fate.ERROR
        except MeaningChangedError:
            self.err.write(Text(f"{name} is {Fate.REFUSED.value}"))
            return None, Fate.REFUSED
        return formatted, Fate.SAME if formatted.encode() == raw else Fate.CHANGED

    def _only_tells(self, name: str, before: str, after: str, fate: Fate) -> bool:
        """Whether nothing is to be written; then say what would be."""
        if self.diff:
            self.out.write_plain(difference(name, before, after))
        elif self.check and fate is Fate.CHANGED:
            self.out.write_plain(f"{name}\n")
        return self.check or self.diff

    def tell(self, diagnostic: Diagnostic) -> None:
        self.err.write(diagnostics.render(diagnostic, self.err.width) + Text("\n"))

    def end(self, fates: Sequence[Fate], problems: Sequence[Diagnostic]) -> Exit:
        """Say how it all ended."""
        changed, refused = fates.count(Fate.CHANGED), fates.count(Fate.REFUSED)
        errors = fates.count(Fate.ERROR) + len(problems)
        dry = self.check or self.diff
        parts = [f"{count(changed, 'file')} {'not ' if dry else ''}formatted"] if changed else []
        if same := fates.count(Fate.SAME):
            parts.append(f"{count(same, 'file')} {'formatted' if dry else 'as before'}")
        if refused:
            parts.append(f"{count(refused, 'file')} {Fate.REFUSED.value}")
        if errors:
            parts.append(f"{errors} with errors left alone")
        if refused:
            end = Exit.INTERNAL_ERROR
        elif errors:
            end = Exit.ERROR
        else:
            end = Exit.FAIL if dry and changed else Exit.OK
        self.err.write(Text(last_line(end, ", ".join(parts))))
        return end


def difference(name: str, before: str, after: str) -> str:
    """What would change, as a patch; empty where nothing would."""
    lines = unified_diff(before.splitlines(True), after.splitlines(True), name, f"{name} (formatted)")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
