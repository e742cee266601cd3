"""The manual page, mmcheck(1), made from the commands as they describe themselves.

`docs/mmcheck.1` is what it writes, and is installed; a test says when it is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from mmcheck import __version__
from mmcheck.cli.group import COMMANDS, mmcheck

NAME = "mmcheck"
ENVIRONMENT = {
    "MMCHECK_CACHE": "The folder in which verdicts are remembered, or `off`.",
    "NO_COLOR": "Any value switches colours off.",
}
FILES = {
    "~/.cache/mmcheck": "Remembered verdicts, where nothing else is said by MMCHECK_CACHE or XDG_CACHE_HOME.",
}


def manual() -> str:
    """The page as roff, with the macros of man(7)."""
    with click.Context(mmcheck, info_name=NAME, **mmcheck.context_settings) as root:
        lines = [
            '.\\" Made from the commands: pytest tests/test_manual.py --regenerate',
            f'.TH MMCHECK 1 "" "mmcheck {__version__}" "User Commands"',
            ".SH NAME",
            f"mmcheck \\- {_escaped(_sentence(mmcheck.help or ''))}",
            ".SH SYNOPSIS",
            *_synopsis(root),
            ".SH DESCRIPTION",
            *_prose(mmcheck.help or ""),
            ".SH COMMANDS",
        ]
        for name in COMMANDS:
            lines += _command(name, root)
        lines += [".SH EXIT STATUS", *_block(_exit_codes())]
        lines += [".SH ENVIRONMENT", *_items(ENVIRONMENT), ".SH FILES", *_items(FILES)]
    return "\n".join(lines) + "\n"


def _synopsis(root: click.Context) -> Iterator[str]:
    for name in COMMANDS:
        command = _of(name, root)
        with click.Context(command, info_name=name, parent=root) as context:
            usage = " ".join(command.collect_usage_pieces(context))
        yield ".br"
        yield f"\\fBmmcheck {name}\\fR {_escaped(usage)}"


def _command(name: str, root: click.Context) -> Iterator[str]:
    command = _of(name, root)
    with click.Context(command, info_name=name, parent=root) as context:
        yield f".SS mmcheck {name}"
        yield from _prose(command.help or "")
        for param in command.get_params(context):
            record = param.get_help_record(context)
            if record is not None and isinstance(param, click.Option):
                yield from (".TP", f"\\fB{_escaped(record[0])}\\fR", _escaped(" ".join(record[1].split())))
        yield from _epilog(command.epilog or "")


def _of(name: str, root: click.Context) -> click.Command:
    command = mmcheck.get_command(root, name)
    if command is None:
        raise LookupError(name)
    return command


def _epilog(epilog: str) -> Iterator[str]:
    """The examples. The exit codes of all commands that verify are those of a section of their own."""
    for block in epilog.split("\b\n")[1:]:
        if block.startswith("Examples:"):
            yield from (".PP", "Examples:", *_block(block.partition("\n")[2]))


def _exit_codes() -> str:
    """The lines of the table at the end of the help."""
    table = (mmcheck.epilog or "").split("\b\n")[-1]
    return table.partition("\n")[2]


def _block(text: str) -> Iterator[str]:
    """Text as it is laid out."""
    lines = text.rstrip().split("\n")
    yield from (".PP", ".nf", *(_escaped(line) for line in lines), ".fi")


def _prose(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        yield from (".PP", _escaped(" ".join(paragraph.split())))


def _items(items: dict[str, str]) -> Iterator[str]:
    for name, text in items.items():
        yield from (".TP", f"\\fB{_escaped(name)}\\fR", _escaped(text))


def _sentence(text: str) -> str:
    """The first sentence, as the section NAME has it."""
    first = text.strip().split("\n\n")[0].rstrip(".")
    return first[0].lower() + first[1:]


def _escaped(text: str) -> str:
    """Text that roff takes for text: it begins no request, and its hyphens can be copied."""
    # groff knows no ellipsis on a terminal that has ASCII only, and would leave it out.
    escaped = text.replace("…", "...").replace("\\", "\\e")
    escaped = escaped.replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    # What is not ASCII is named by its number, which groff and mandoc know without being told of UTF-8.
    escaped = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in escaped)
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
