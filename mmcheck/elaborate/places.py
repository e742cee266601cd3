"""Where specs and modules lie, and which files a spec rests on: told without parsing any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

SUFFIX = ".mmc"

PACKAGE = Path(__file__).resolve().parent.parent
SHIPPED = next((d for d in (PACKAGE / "models", PACKAGE.parent / "models") if d.is_dir()), PACKAGE / "models")
"""The models that come with mmcheck: inside the package when installed, beside it in a checkout."""


def candidates(name: str, importer: Path) -> Iterator[Path]:
    """Where a module is looked up: beside the importing file, in the project's models, in those shipped."""
    file = name + SUFFIX
    yield importer.parent / file
    yield from (folder / "models" / file for folder in _project_folders(importer.parent))
    yield SHIPPED / file


def _project_folders(folder: Path) -> Iterator[Path]:
    """The folder and those above it, up to the root of the repository it is in."""
    for parent in (folder, *folder.parents):
        yield parent
        if (parent / ".git").exists():
            return


def specs_below(folder: Path) -> list[str]:
    """The specs in a folder and in those below it, but for hidden ones."""
    return sorted(
        str(path)
        for path in folder.rglob(f"*{SUFFIX}")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


_IMPORT = re.compile(r"\bimport\b(?:\s|//[^\n]*(?:\n|\Z)|/\*.*?\*/)*([^\W\d]\w*)", re.DOTALL)


class Behind(Struct, frozen=True):
    """What a spec rests on: the contents of files, by resolved path, and where each import leads."""

    files: Mapping[Path, bytes]
    imports: Mapping[tuple[Path, str], Path | None]


def files_behind(path: Path) -> Behind | None:
    """A spec and all that it imports. None where one of the files cannot be read.

    Imports are looked for as text, so that an answer needs no parser. What only looks like one, in a comment
    say, adds a file that does not matter; who relies on this must compare with what was parsed in the end."""
    files: dict[Path, bytes] = {}
    imports: dict[tuple[Path, str], Path | None] = {}
    waiting = [path.resolve()]
    while waiting:
        file = waiting.pop()
        if file in files:
            continue
        try:
            files[file] = file.read_bytes()
        except OSError:
            return None
        for name in _IMPORT.findall(files[file].decode("utf-8", errors="replace")):
            found = next((p.resolve() for p in candidates(name, file) if p.is_file()), None)
            imports[file, name] = found
            if found is not None:
                waiting.append(found)
    return Behind(files, imports)
