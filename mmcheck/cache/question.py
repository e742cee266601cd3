"""What a verdict is remembered under: everything that it depends on, as one hash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mmcheck.cache.stamp import stamp
from mmcheck.elaborate.places import files_behind
from mmcheck.source import digest

if TYPE_CHECKING:
    from mmcheck.session import Options


class Question(Struct, frozen=True):
    """A spec under certain options: `key` is what to look for, `files` the texts that it stands for."""

    key: str
    files: Mapping[str, str]
    """The hash of each file that the spec may read, by path."""


def can_be_remembered(options: Options) -> bool:
    """Whether the outcome is all that is asked for. A certificate or a checkpoint is to be written anew, and
    what induction says may be half of an answer."""
    written = options.certificates is not None or options.preferences.checkpoint is not None
    return not written and not options.induction


def question(path: str, options: Options) -> Question | None:
    """What is asked, or None where that cannot be told or the answer cannot be remembered."""
    if not can_be_remembered(options):
        return None
    code, files = stamp(), fingerprint(path)
    if code is None or files is None:
        return None
    preferences, limits = options.preferences, options.limits
    parts = {
        "code": code,
        "files": files.edges,
        # Paths are shown as they were given, and those of imports relative to the current folder.
        "path": path,
        "folder": str(Path.cwd()),
        "settings": options.settings,
        "checks": options.checks,
        "properties": options.properties,
        "engine": options.engine,
        "symmetry": preferences.symmetry,
        "threads": preferences.threads,
        "helpers": (preferences.helpers, preferences.head_start),
        "keep_going": options.keep_going,
        "silence": options.silence,
        "graphs": options.graphs,
        # How long a search may take, and in how much memory, is no part of a verdict that came in time.
        "limits": (limits.max_states, limits.max_depth),
    }
    return Question(key_of(parts), files.digests)


def key_of(parts: object) -> str:
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Fingerprint(Struct, frozen=True):
    """The files behind a spec: the hash of each by its path, and what they are with where imports lead."""

    digests: Mapping[str, str]
    edges: list[list[str | None]]


def fingerprint(path: str) -> Fingerprint | None:
    """The files behind a spec. None where one of them cannot be read."""
    behind = files_behind(Path(path))
    if behind is None:
        return None
    try:
        # As specs are read: this hash is compared with that of the text that was parsed.
        digests = {str(p): digest(text.decode("utf-8-sig")) for p, text in behind.files.items()}
    except UnicodeDecodeError:
        return None
    edges: list[list[str | None]] = [[file, found] for file, found in sorted(digests.items())]
    edges += [
        [str(file), name, None if found is None else str(found)]
        for (file, name), found in sorted(behind.imports.items())
    ]
    return Fingerprint(digests, edges)
