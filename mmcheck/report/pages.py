"""The pages of the documentation about diagnostics, as `mmcheck explain` shows them."""

from __future__ import annotations

import re
from pathlib import Path

from mmcheck.diagnostics import CODES

PACKAGE = Path(__file__).parent.parent
FOLDER = next(
    (d for d in (PACKAGE / "errors", PACKAGE.parent / "docs" / "errors") if d.is_dir()), PACKAGE / "errors"
)
"""Where the pages lie: inside the package when installed, in the documentation beside it in a checkout."""

_FENCE = re.compile(r"^```mmc(.*)$", re.MULTILINE)
_FILE = re.compile(r"\bfile=(\S+)")
_LINK = re.compile(r"\[([^\]]+)\]\((?!\w+:)[^)]+\)")


def page(code: str) -> str:
    """The page of a code. What the tests read in it, and links that lead nowhere in a terminal, are left
    out. Raises KeyError for a code that does not exist."""
    if code not in CODES:
        raise KeyError(code)
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    return _LINK.sub(r"\1", _FENCE.sub(_fence, text))


def _fence(found: re.Match[str]) -> str:
    """The beginning of an example, without attributes; of one that is a file of its own, with its name."""
    name = _FILE.search(found[1])
    return f"```mmc\n// {name[1]}" if name else "```mmc"


def index() -> str:
    """Every code with its title."""
    return "".join(f"{code}  {title}\n" for code, title in CODES.items())
