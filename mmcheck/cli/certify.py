"""`mmcheck certify`: ask solvers again about certificates that were written before."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from mmcheck.cli.exits import Exit, last_line
from mmcheck.cli.options import color_option
from mmcheck.cli.output import standard_error, standard_output
from mmcheck.engines.certificates import certificate_solvers, recheck_certificates
from mmcheck.report.quantity import count
from mmcheck.report.styles import BAD, GOOD

EXAMPLES = """\b
Examples:
  mmcheck verify specs --engine kinduction --certificate build/proofs
  mmcheck certify build/proofs
"""


@click.command(epilog=EXAMPLES, short_help="Ask solvers again about certificates.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@color_option
def certify(folder: Path, color: str) -> Exit:
    """Ask z3, and cvc5 where it is installed, about every certificate below DIR, which `mmcheck verify
    --certificate` has written.

    Ends with 0 when all of them stand, with 1 when one is refused, and with 2 when there is none. That the
    scripts say what the spec says is not looked at: verify the spec again for that.
    """
    out, err = standard_output(color, None), standard_error(color, None)
    scripts = certificates = refused = 0
    try:
        for found in recheck_certificates(folder):
            certificates += 1
            scripts += found.scripts
            refused += bool(found.problems)
            word, style = ("FAIL", BAD) if found.problems else ("ok  ", GOOD)
            where = found.folder.relative_to(folder)
            line = Text.assemble((word, style), f"  {where}: {found.prop}, {count(found.scripts, 'script')}")
            out.write(line)
            for problem in found.problems:
                out.write(Text(f"      {problem}"))
    except KeyboardInterrupt:
        err.write(Text(last_line(Exit.INTERRUPTED, f"{count(certificates, 'certificate')} until then")))
        return Exit.INTERRUPTED
    end = Exit.FAIL if refused else Exit.OK if certificates else Exit.ERROR
    asked = " and ".join(certificate_solvers())
    summary = f"{count(certificates - refused, 'certificate')} of {certificates} stand, asked by {asked}"
    if not certificates:
        summary = f"there is no certificate below `{folder}`"
    err.write(Text(last_line(end, summary)))
    return end
