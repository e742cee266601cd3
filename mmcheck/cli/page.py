"""Keeps what a run would print the next time, for `mmcheck.cli.again`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from io import StringIO

import click
from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.cache.question import fingerprint
from mmcheck.cache.remembering import is_conclusive, rests_on
from mmcheck.cache.store import Store
from mmcheck.cli.again import input_key, page_key
from mmcheck.cli.exits import last_line
from mmcheck.cli.group import WORDS
from mmcheck.cli.output import Output
from mmcheck.cli.run import TextFormat
from mmcheck.cli.tally import Tally, tally
from mmcheck.core.outcome import SpecOutcome
from mmcheck.diagnostics import Diagnostic


class Page(Struct, dict=True):
    """A format that writes nothing: it keeps a page at the end of a run in which everything was decided."""

    store: Store
    paths: Sequence[str]
    importers: bool
    shown: TextFormat
    _specs: list[SpecOutcome] = field(default_factory=list)
    _problems: bool = False

    def __post_init__(self) -> None:
        # Before anything is verified: a file that changes meanwhile must not be taken for what was verified.
        self._files = input_key(self.paths, self.importers)

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        self._problems |= bool(diagnostics)

    def spec(self, outcome: SpecOutcome) -> None:
        self._specs.append(outcome)

    def end(self, result: Tally, summary: str) -> None:
        """Keep the page, unless something in it may come out otherwise next time."""
        key = page_key(click.get_current_context().meta[WORDS])
        decided = self._specs and all(map(is_conclusive, self._specs)) and not result.crashed
        if key is None or self._files is None or self._problems or result.interrupted or not decided:
            return
        if self._files != input_key(self.paths, self.importers) or not all(map(_is_current, self._specs)):
            return
        page = {**self._printed(result.strict), "paths": list(self.paths), "importers": self.importers}
        self.store.put(key, json.dumps({**page, "files": self._files}).encode())

    def _printed(self, strict: bool) -> dict[str, object]:
        """What is printed about outcomes that are remembered, and how that run ends."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        specs = [spec if spec.remembered else replace(spec, remembered=now) for spec in self._specs]
        out, err = _beside(self.shown.out), _beside(self.shown.err)
        again = TextFormat(
            out, err, self.shown.traces, self.shown.quiet, self.shown.coverage, self.shown.invariant
        )
        for spec in specs:
            again.spec(spec)
        result = tally(specs, (), strict=strict)
        summary = last_line(result.end, result.summary)
        again.end(result, summary)
        told = f"{_text(err)}{summary}\n"
        return {"out": _text(out), "err": told, "code": int(result.end)}


def _is_current(outcome: SpecOutcome) -> bool:
    """Whether what was verified is what the files hold now."""
    found = fingerprint(outcome.file)
    return found is not None and rests_on(outcome, found.digests)


def _beside(output: Output) -> Output:
    """An output that looks the same, and is read instead of shown."""
    return Output(StringIO(), output.width, output.colour)


def _text(output: Output) -> str:
    stream = output.stream
    return stream.getvalue() if isinstance(stream, StringIO) else ""
