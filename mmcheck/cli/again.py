"""The same command over unchanged files: what it printed is printed again, before anything else is loaded.

A page is what a run of `mmcheck verify` would print next time, kept under its command line, the current
folder, how the streams are to be written, and the code of mmcheck. It names the files that it rests on; when
one of them has changed, or there is another spec now, the page is no answer.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmcheck.cache.question import fingerprint, key_of
from mmcheck.cache.stamp import stamp
from mmcheck.cache.store import Store, default_folder
from mmcheck.elaborate.places import specs_below

ENVIRONMENT = ("COLUMNS", "NO_COLOR", "PYTHONIOENCODING", "TERM")


def answer_again(words: Sequence[str]) -> int | None:
    """Print the answer to a command line that was given before, and return its exit code. None where
    there is none, or anything about it is in doubt."""
    folder = default_folder()
    if folder is None:
        return None
    store = Store(folder)
    key = page_key(words)
    text = None if key is None else store.get(key)
    if text is None:
        return None
    try:
        page: dict[str, Any] = json.loads(text)
        out, err, code, paths, importers = (
            page[part] for part in ("out", "err", "code", "paths", "importers")
        )
        unchanged = page["files"] == input_key(paths, importers)
    except (ValueError, TypeError, LookupError):
        return None
    if not unchanged or not isinstance(code, int):
        return None
    if not _written(sys.stdout, out):
        return None
    _written(sys.stderr, err)
    return code


def page_key(words: Sequence[str]) -> str | None:
    """What a page is kept under."""
    code = stamp()
    if code is None:
        return None
    streams = [
        [stream is not None and stream.isatty(), getattr(stream, "encoding", None)]
        for stream in (sys.stdout, sys.stderr)
    ]
    width = shutil.get_terminal_size().columns
    shown = [os.environ.get(name) for name in ENVIRONMENT]
    return key_of(["page", code, list(words), str(Path.cwd()), streams, width, shown])


def input_key(paths: Sequence[str], importers: bool) -> str | None:
    """A hash of all files that a run over some paths reads; None where they cannot be read. With `importers`
    every spec below the current folder takes part, since it may come to import one of them."""
    found: list[str] = []
    for path in paths:
        found += specs_below(Path(path)) if os.path.isdir(path) else [path]
    if importers:
        found += specs_below(Path())
    prints = [(path, fingerprint(path)) for path in found]
    if not found or any(known is None for _, known in prints):
        return None
    return key_of([[path, known.edges] for path, known in prints if known is not None])


def _written(stream: Any, text: str) -> bool:
    """Write a text, and whether that worked: where it did not, the ordinary way says why."""
    try:
        stream.reconfigure(errors="backslashreplace")
        stream.write(text)
        stream.flush()
    except (OSError, ValueError, AttributeError):
        return False
    return True
