"""From paths, files and folders, to specs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mmcheck.diagnostics import Diagnostic
from mmcheck.elaborate.places import SUFFIX, files_behind, specs_below
from mmcheck.source import real_path


def find_specs(
    paths: Sequence[str], importers: bool = False
) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The spec files that paths lead to, each once, in order: files as they are given, folders with all the
    .mmc files in them. With `importers`, also every spec below the current folder that imports one of them,
    directly or not. The diagnostics are about paths that lead nowhere."""
    found: list[str] = []
    diagnostics: list[Diagnostic] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
        elif inside := specs_below(Path(path)):
            found += inside
        else:
            message = f"there is no {SUFFIX} file in `{path}`"
            diagnostics.append(Diagnostic("E004", message, None, "name a spec, or a folder with specs"))
    if importers:
        changed = {real_path(path) for path in found}
        found += [path for path in specs_below(Path()) if _rests_on(path, changed)]
    once: dict[Path, str] = {}
    for path in found:
        once.setdefault(real_path(path), path)
    return tuple(once.values()), tuple(diagnostics)


def _rests_on(path: str, changed: set[Path]) -> bool:
    """Whether a spec imports one of some files. When in doubt it does, so that it is verified."""
    behind = files_behind(Path(path))
    return behind is None or not changed.isdisjoint(set(behind.files) - {real_path(path)})
