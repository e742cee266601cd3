"""`mmcheck cache`: where verdicts are remembered, how much that is, and an end to it."""

from __future__ import annotations

import click
from rich.text import Text

from mmcheck.cache.store import OFF, VARIABLE, Store, default_folder
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.output import standard_error, standard_output
from mmcheck.report.quantity import count

EXAMPLES = """\b
Examples:
  mmcheck cache                  where it is, and how large
  mmcheck cache --clear          forget every verdict
  mmcheck verify --no-cache .    verify anew, and remember nothing
"""


@click.command(epilog=EXAMPLES, short_help="Show or clear what is remembered.")
@click.option("--clear", is_flag=True, help="Remove every entry. Default: off.")
def cache(clear: bool) -> Exit:
    """Show the folder in which `mmcheck verify` remembers verdicts, and its size.

    MMCHECK_CACHE names another folder; with MMCHECK_CACHE=off nothing is remembered. Ends with 0, or with 2
    where the folder cannot be used.
    """
    folder = default_folder()
    err = standard_error("auto", None)
    if folder is None:
        err.write(Text(last_line(Exit.OK, f"nothing is remembered: {VARIABLE}={OFF}")))
        return Exit.OK
    store = Store(folder)
    standard_output("auto", None).write_plain(f"{folder}\n")
    try:
        if folder.exists() and not folder.is_dir():
            raise click.ClickException(f"{folder} is no folder; name another one in {VARIABLE}")
        if folder.exists() and not store.is_ours():
            raise click.ClickException(
                f"{folder} is not used, since others can write to it; make it yours alone, with chmod 700"
            )
        told = _cleared(store) if clear else _described(store)
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be used: {error.strerror}") from error
    err.write(Text(last_line(Exit.OK, told)))
    return Exit.OK


def _described(store: Store) -> str:
    entries = len(store.entries())
    return f"{count(entries, 'entry')}, {store.size() / 1e6:.1f} MB"


def _cleared(store: Store) -> str:
    return f"{count(store.clear(), 'entry')} removed"
