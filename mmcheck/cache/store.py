"""Files that are remembered: one an entry, written whole, and read only when nothing about it is in doubt."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import zlib
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

VARIABLE = "MMCHECK_CACHE"
"""The environment variable that names another folder, or says `off`."""
OFF = "off"
MAGIC = b"mmcheck 1 "
MOST_BYTES = 256 << 20
"""Beyond this, the entries that were not asked for the longest are removed."""
SUFFIX = ".entry"
_NAME = re.compile(rf"[0-9a-f]{{64}}\{SUFFIX}")
_PART = ".part-"


def default_folder() -> Path | None:
    """Where the cache is, unless it is switched off."""
    named = os.environ.get(VARIABLE)
    if named == OFF:
        return None
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("mmcheck")


class Store(Struct, frozen=True):
    """A folder with an entry a file, called by its key."""

    folder: Path

    def get(self, key: str) -> bytes | None:
        """What was put under a key. None where there is nothing, or anything at all is wrong with it."""
        path = self._path(key)
        try:
            if not self.is_ours():
                return None
            head, _, body = path.read_bytes().partition(b"\n")
            if head != MAGIC + _checksum(key, body):
                return None
            found = zlib.decompress(body)
        except (OSError, zlib.error):
            return None
        # So that what is asked for is kept the longest.
        with suppress(OSError):
            os.utime(path)
        return found

    def put(self, key: str, content: bytes) -> bool:
        """Remember something. A cache that cannot be written is no reason to fail, so it is only told."""
        body = zlib.compress(content, 1)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.is_ours():
                return False
            self._write(self._path(key), MAGIC + _checksum(key, body) + b"\n" + body)
            self._keep_small()
        except OSError:
            return False
        return True

    def is_ours(self) -> bool:
        """Whether nobody else can write there: what others wrote is not believed."""
        if not hasattr(os, "getuid"):
            return True
        found = self.folder.stat()
        return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)

    def entries(self) -> list[Path]:
        """The files that are entries; a folder that somebody named may well hold others."""
        return sorted(path for path in self.folder.glob(f"*{SUFFIX}") if _NAME.fullmatch(path.name))

    def size(self) -> int:
        """The bytes that they take."""
        return sum(_size(path) for path in self.entries())

    def clear(self) -> int:
        """Remove every entry, and the folder when nothing else is in it; how many there were."""
        removed = 0
        for path in self.entries():
            path.unlink(missing_ok=True)
            removed += 1
        for path in self.folder.glob(f"{_PART}*"):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()
        return removed

    def _path(self, key: str) -> Path:
        return self.folder / (key + SUFFIX)

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file so that no reader ever finds half of it."""
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=_PART)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)

    def _keep_small(self) -> None:
        entries = self.entries()
        total = sum(map(_size, entries))
        if total <= MOST_BYTES:
            return
        for path in sorted(entries, key=_last_used):
            total -= _size(path)
            path.unlink(missing_ok=True)
            if total <= MOST_BYTES * 3 // 4:
                break


def _checksum(key: str, body: bytes) -> bytes:
    """It has the key in it, so that an entry that was renamed is none."""
    return sha256(key.encode() + b"\0" + body).hexdigest().encode()


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _last_used(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
