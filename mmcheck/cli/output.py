"""The two streams: what is written on them, in which colours and width, and what happens when they close."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Mapping
from typing import TextIO

import click
from rich.console import Console
from rich.text import Text

PIPED_WIDTH = 80
"""Without a terminal. Mailing lists read at 80 columns, and a table that a mail client folds is lost."""


class Output:
    """A stream that rendered text is written to.

    A reader who goes away (`| head`) ends the writing, not the run: its exit code must stay true. Characters
    that the stream's encoding lacks are written as escapes. A `vital` stream that cannot be written for any
    other reason, such as a full disk, is an error."""

    def __init__(self, stream: TextIO | None, width: int, colour: bool, vital: bool = True) -> None:
        # A process may be started without a stdout at all; then there is nobody to tell.
        self.stream: TextIO = stream if stream is not None else io.StringIO()
        self.width = width
        self.colour = colour
        self.vital = vital
        self.open = True
        if isinstance(self.stream, io.TextIOWrapper):
            self.stream.reconfigure(errors="backslashreplace")
        self._console = Console(
            # Everything is captured: only `write_plain` writes, and knows what to do when that fails.
            file=io.StringIO(),
            width=width,
            color_system="standard" if colour else None,
            force_terminal=colour,
            no_color=not colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def write(self, text: Text) -> None:
        """Write a text as it was laid out, and a line end."""
        with self._console.capture() as captured:
            self._console.print(text, soft_wrap=True)
        self.write_plain(captured.get())

    def write_plain(self, text: str) -> None:
        """Write exactly this."""
        if not self.open:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError as error:
            self.open = False
            silence(self.stream)
            if self.vital and not isinstance(error, BrokenPipeError):
                raise click.ClickException(f"cannot write the results: {error.strerror}") from error


def silence(stream: TextIO) -> None:
    """Let what is still buffered go nowhere: otherwise the interpreter complains when it ends."""
    try:
        descriptor = stream.fileno()
    except (io.UnsupportedOperation, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def wants_colour(mode: str, stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """`always` and `never` mean it; `auto` asks for a terminal that can, and honours NO_COLOR."""
    if mode != "auto":
        return mode == "always"
    capable = environment.get("TERM") != "dumb" and not environment.get("NO_COLOR")
    return capable and is_terminal(stream)


def width_for(asked: int | None, stream: TextIO | None) -> int:
    """The width asked for, or that of the terminal, or 80 columns."""
    if asked is not None:
        return asked
    if not is_terminal(stream):
        return PIPED_WIDTH
    return max(shutil.get_terminal_size((PIPED_WIDTH, 24)).columns, 40)


def standard_output(mode: str, width: int | None) -> Output:
    return Output(sys.stdout, width_for(width, sys.stdout), wants_colour(mode, sys.stdout, os.environ))


def standard_error(mode: str, width: int | None) -> Output:
    colour = wants_colour(mode, sys.stderr, os.environ)
    return Output(sys.stderr, width_for(width, sys.stderr), colour, vital=False)
