"""`mmcheck explain`: what a diagnostic means, with an example and how to mend it."""

from __future__ import annotations

import difflib

import click
from click.shell_completion import CompletionItem
from rich.text import Text

from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.options import color_option
from mmcheck.cli.output import Output, standard_error, standard_output
from mmcheck.diagnostics import CODES
from mmcheck.report.pages import index, page
from mmcheck.report.styles import CODE, TITLE

EXAMPLES = """\b
Examples:
  mmcheck explain E302          one diagnostic
  mmcheck explain w600 w603     several, in letters of any case
  mmcheck explain               all codes with their titles
"""


@click.command(epilog=EXAMPLES, short_help="Say what a diagnostic means.")
@click.argument("codes", nargs=-1, metavar="[CODE]...", shell_complete=lambda _, __, start: _complete(start))
@color_option
def explain(codes: tuple[str, ...], color: str) -> Exit:
    """Show the page of a diagnostic CODE, such as E302: what it means, a spec that gives it, how to mend it,
    and why it is not let pass. Default: the list of all codes.

    Ends with 0, or with 2 where there is no such code.
    """
    out, err = standard_output(color, None), standard_error(color, None)
    known = [_known(code) for code in codes]
    if not known:
        out.write_plain(index())
    for number, code in enumerate(known):
        if number:
            out.write(Text())
        _write(page(code), out)
    told = "; ".join(f"{code}, {CODES[code]}" for code in known) or f"{len(CODES)} codes"
    err.write(Text(last_line(Exit.OK, told)))
    return Exit.OK


def _complete(start: str) -> list[CompletionItem]:
    """What a shell offers: the codes with their titles."""
    return [CompletionItem(c, help=title) for c, title in CODES.items() if c.startswith(start.upper())]


def _known(code: str) -> str:
    """The code as the table has it."""
    name = code.strip().upper()
    if name in CODES:
        return name
    close = difflib.get_close_matches(name, CODES, 1)
    remedy = f"did you mean {close[0]}?" if close else "`mmcheck explain` lists all"
    raise click.UsageError(f"there is no code {code!r}; {remedy}")


def _write(text: str, out: Output) -> None:
    """The page as it is written, its headings and examples set off by colours."""
    inside = False
    for line in text.splitlines():
        fence = line.startswith("```")
        style = TITLE if line.startswith("#") and not inside else CODE if inside and not fence else ""
        inside ^= fence
        out.write(Text(line, style))
