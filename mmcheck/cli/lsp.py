"""`mmcheck lsp`: the language server that editors start."""

from __future__ import annotations

import click

from mmcheck.cli.exits import Exit

EXAMPLES = """\b
Examples:
  mmcheck lsp     as an editor starts it; docs/editors.md has the settings of editors
"""


@click.command(epilog=EXAMPLES, short_help="Serve an editor: the language server.")
def lsp() -> Exit:
    """Speak the Language Server Protocol over standard input and output, until the editor ends it.

    Gives diagnostics as you type, definitions, references, hover, completion, rename, formatting, and a lens
    on each check that verifies it. docs/editors.md says how to set it up in VS Code, Vim, Neovim and others.
    """
    # pygls and what it imports are needed by this command only.
    from mmcheck.lsp.server import make

    make().start_io()
    return Exit.OK
