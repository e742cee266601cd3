"""Folders for what a run keeps on disk: who may use them, and what goes away when the run ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "mmcheck-spill-"
LOCK = "lock"


def foreign_file(folder: Path) -> Path | None:
    """Something in a folder that no run of ours put there; None where there is nothing of the kind."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        return folder
    return next((entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(PREFIX)), None)


class Scratch:
    """A folder of one run's own, in one that the user names. It is locked while the run lives, so that the
    next run knows what a killed one has left behind, and removes it."""

    def __init__(self, parent: Path) -> None:
        self._made = not parent.exists()
        self._parent = parent
        parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(parent)
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = lock(self.folder)

    def close(self) -> None:
        """Remove the folder with all that is in it, and the one around it if it was made for the run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._made:
            with suppress(OSError):
                self._parent.rmdir()


def lock(folder: Path) -> int | None:
    """Lock a folder for as long as the process lives or the descriptor is open; None where another has it."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        # One without its lock file is just being made by another run.
        if not (folder / LOCK).exists():
            continue
        descriptor = lock(folder)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)
