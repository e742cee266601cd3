"""`mmcheck new`: a commented spec to begin with."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from mmcheck import session
from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.output import standard_error
from mmcheck.diagnostics import SpecError
from mmcheck.elaborate.places import SUFFIX

STARTER = Path(__file__).with_name("starter.mmc")
EXAMPLES = """\b
Examples:
  mmcheck new                    design.mmc in the current folder
  mmcheck new writeback          writeback.mmc
  mmcheck new specs/writeback    the same in a folder, which must be there
"""


@click.command(epilog=EXAMPLES, short_help="Write a commented starter spec.")
@click.argument("name", default="design", metavar="[NAME]")
def new(name: str) -> Exit:
    """Write a commented starter spec to NAME.mmc, which verifies as it is. Default: design.

    A file that exists is never touched. Ends with 0, or with 2 where nothing was written.
    """
    path = Path(name if name.endswith(SUFFIX) else name + SUFFIX)
    text = _starter(path.stem)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(f"{path} exists, and is left as it is; choose another name") from None
    except FileNotFoundError:
        raise click.ClickException(f"there is no folder {path.parent}; make it first") from None
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
    told = f"wrote {path}; next: mmcheck verify {path}"
    standard_error("auto", None).write(Text(last_line(Exit.OK, told)))
    return Exit.OK


def _starter(name: str) -> str:
    """The starter with its name. A spec is called as its file is, so that it can be imported."""
    text = STARTER.read_text(encoding="utf-8").replace("spec NAME;", f"spec {name};")
    try:
        spec = session.loads(text, name + SUFFIX)
    except SpecError:
        spec = None
    if spec is None or spec.program.name != name:
        raise click.BadParameter(
            f"{name!r} cannot be the name of a spec; it takes letters, digits and `_`, does not begin with a "
            "digit, and is no word of the language",
            param_hint="'[NAME]'",
        )
    return text
