"""`mmcheck parse`: read specs and say what is wrong with them, without verifying any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click
from rich.text import Text

from mmcheck import session
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.options import color_option
from mmcheck.cli.output import standard_error
from mmcheck.diagnostics import Diagnostic, SpecError
from mmcheck.report import diagnostics as diagnostics_report
from mmcheck.report.quantity import count

EXAMPLES = """\b
Examples:
  mmcheck parse specs                         every spec below a folder
  mmcheck parse --importers models/gup.mmc    what a change to a model breaks
"""


@click.command(epilog=EXAMPLES, short_help="Read specs, and verify nothing.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="PATHS...")
@click.option(
    "--importers",
    is_flag=True,
    help="Read also every spec below the current folder that imports a given file, directly or not. "
    "Default: off.",
)
@color_option
def parse(paths: tuple[str, ...], importers: bool, color: str) -> Exit:
    """Read the specs in PATHS, files and folders, with all that they import: syntax, names, types and the
    settings of every check.

    Ends with 0, or with 2 where something is wrong.
    """
    if not paths:
        raise click.UsageError("no path given: name files or folders, such as `mmcheck parse specs`")
    files, problems = session.find_specs(paths, importers)
    found = list(dict.fromkeys((*problems, *_diagnostics(files))))
    err = standard_error(color, None)
    for diagnostic in found:
        err.write(diagnostics_report.render(diagnostic, err.width) + Text("\n"))
    told = f"{count(len(found), 'error')} in " if found else ""
    end = Exit.ERROR if found else Exit.OK
    err.write(Text(last_line(end, f"{told}{count(len(files), 'spec')}{'' if found else ' read'}")))
    return end


def _diagnostics(files: Sequence[str]) -> Iterator[Diagnostic]:
    """What is wrong with some specs. A model that several of them import is told of once."""
    for file in files:
        try:
            spec = session.load(file)
        except SpecError as error:
            yield from error.diagnostics
            continue
        for check in spec.checks:
            try:
                session.instantiate(spec, check)
            except SpecError as error:
                yield from error.diagnostics
