"""The texts that are open in the editor, read when they are asked for and again when one of them changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from mmcheck.diagnostics import Collector
from mmcheck.editing.analysis import Analysis, analyse
from mmcheck.elaborate.modules import read_source
from mmcheck.elaborate.places import SUFFIX

MOST_FILES = 2_000
"""The most specs of a project that are searched for the uses of a name."""

PASSED_OVER = frozenset({"node_modules", "__pycache__", "build", "dist"})


class Library(Struct):
    """What stands in the editor counts, not what is saved."""

    texts: dict[Path, str] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)
    """The folders of the project."""
    _read: dict[Path, Analysis] = field(default_factory=dict)

    def put(self, path: Path, text: str | None) -> None:
        """Take a text as it stands in the editor now, or forget it."""
        if text is None:
            self.texts.pop(path, None)
        else:
            self.texts[path] = text
        self.forget()

    def forget(self) -> None:
        """Read everything again: a text was changed, or a file."""
        self._read.clear()

    def analysis(self, path: Path) -> Analysis | None:
        """What is known of a text; None where there is no such file."""
        if path not in self._read:
            text = self._text(path)
            if text is None:
                return None
            self._read[path] = analyse(path, text, self.texts)
        return self._read[path]

    def _text(self, path: Path) -> str | None:
        if path in self.texts:
            return self.texts[path]
        source = read_source(path, str(path), Collector())
        return None if source is None else source.text

    def is_unsaved(self, path: Path) -> bool:
        """Whether the editor has another text than the file."""
        source = read_source(path, str(path), Collector())
        return path in self.texts and (source is None or source.text != self.texts[path])

    def importers(self, path: Path) -> list[Analysis]:
        """The texts of the project that import a file, itself included."""
        found = [self.analysis(spec) for spec in self._specs()]
        return [a for a in found if a is not None and path in a.index.modules.order]

    def _specs(self) -> list[Path]:
        specs = dict.fromkeys(self.texts)
        for folder in self.folders:
            for spec in _walk(folder):
                specs.setdefault(spec)
                if len(specs) >= MOST_FILES:
                    return list(specs)
        return list(specs)


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in PASSED_OVER)
        yield from (Path(place, file).resolve() for file in sorted(files) if file.endswith(SUFFIX))
