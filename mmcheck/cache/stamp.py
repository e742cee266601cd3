"""What answers depend on besides the spec: the code that gives them, as one hash."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
CODE = (".py", ".lark")
LIBRARIES = ("cvc5", "lark", "llvmlite", "msgspec", "numba", "numpy", "python_sat", "z3_solver")
"""Those that take part in a verdict. cvc5 need not be there."""
OPTIONAL = frozenset({"cvc5"})

_INSTALLED = re.compile(rf"({'|'.join(LIBRARIES)})-([^-]+)\.dist-info", re.IGNORECASE)


def stamp() -> str | None:
    """A hash of mmcheck's own code, of the interpreter and of the versions of the libraries; None where a
    version cannot be told, and nothing may be remembered.

    The code itself is hashed and not its version, which stays the same while it is worked on."""
    versions = dict(_libraries())
    if not OPTIONAL.union(versions) >= set(LIBRARIES):
        return None
    found = sha256()
    for part in (sys.version, sys.platform, *(f"{n} {v}" for n, v in sorted(versions.items()))):
        found.update(part.encode() + b"\0")
    try:
        for path in _code():
            content = path.read_bytes()
            found.update(f"{path.relative_to(PACKAGE)} {len(content)}\0".encode() + content)
    except OSError:
        return None
    return found.hexdigest()


def _libraries() -> Iterator[tuple[str, str]]:
    """The libraries that are installed with their versions, from the names of their folders: asking
    `importlib.metadata` takes longer than all the rest of an answer. The first on the path is imported, so
    it is told last."""
    for folder in reversed(sys.path):
        try:
            names = sorted(entry.name for entry in os.scandir(folder or "."))
        except OSError:
            continue
        for name in names:
            if (match := _INSTALLED.fullmatch(name)) is not None:
                yield match[1].lower(), match[2]


def _code() -> list[Path]:
    return sorted(
        Path(folder, name) for folder, _, names in os.walk(PACKAGE) for name in names if name.endswith(CODE)
    )
