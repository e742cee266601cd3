"""The examples in Markdown pages: fenced blocks with what their first line says about them.

A block begins with ```` ```mmc ```` and words that say how it is to be taken:

    error=E302      the text has errors, all of this code; without it the text must load
    warning=W601    the text loads, ends as it expects, and gives warnings of this code only
    lint=W610       lint says this of the text, perhaps among other things
    in=NAME         the text is a fragment: it stands where `...` stands in the preamble NAME, an HTML comment
                    `<!-- preamble NAME` on the same page
    file=NAME       a file of that name beside the next example of the same section
    to=NAME         a piece of the file NAME that the page writes as it goes on: what it declares is added, or
                    takes the place of what had that name before. The text of the block is the whole file

A block that begins with ```` ```console ```` holds commands behind `$` with the output that matters. With
`with=NAME` they run beside the file NAME as it is at this point of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(r"^```(\w*)(.*)$")
_HEAD = re.compile(r"^(?!//)[a-z][\w ]*", re.MULTILINE)
_PREAMBLE = re.compile(r"^<!-- preamble (\w+)\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
HOLE = "..."


class Block(Struct, frozen=True):
    """A fenced block. `files` are the blocks before it in its section that only are files beside it."""

    page: Path
    line: int
    section: str
    language: str
    text: str
    attributes: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, fragments put into their preambles."""
    text = page.read_text(encoding="utf-8")
    preambles = dict(_PREAMBLE.findall(text))
    section, files = "", dict[str, str]()
    written = dict[str, dict[str, str]]()
    for block in _fences(page, text):
        if block.section != section:
            section, files = block.section, {}
        if "file" in block.attributes:
            files = {**files, block.attributes["file"]: block.text}
            continue
        body = block.text
        if "to" in block.attributes:
            declarations = written.setdefault(block.attributes["to"], {})
            declarations |= {_declared(piece): piece for piece in body.strip().split("\n\n")}
            body = _joined(declarations)
        if "with" in block.attributes:
            name = block.attributes["with"]
            files = {**files, name: _joined(written[name])}
        if "in" in block.attributes:
            before, _, behind = preambles[block.attributes["in"]].partition(HOLE)
            body = before + body + behind
        yield Block(page, block.line, section, block.language, body, block.attributes, files)
        files = {}


def _declared(piece: str) -> str:
    """The kind and name of what a piece declares first, such as `transition pin`."""
    head = _HEAD.search(piece)
    assert head is not None, piece
    return head[0].strip().removeprefix("strong ").removeprefix("fair ")


def _joined(declarations: dict[str, str]) -> str:
    return "\n\n".join(declarations.values()) + "\n"


def _fences(page: Path, text: str) -> Iterator[Block]:
    section, begin, language, attributes = "", 0, "", dict[str, str]()
    inside: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if inside is None and fence is not None:
            inside, begin, language = [], number, fence[1]
            attributes = dict(word.split("=", 1) for word in fence[2].split())
        elif inside is not None and fence is not None:
            yield Block(page, begin, section, language, "".join(inside), attributes)
            inside = None
        elif inside is not None:
            inside.append(line + "\n")
        elif line.startswith("#"):
            section = line.lstrip("# ")
