"""Places for helpers: how many processes may work beside searches, where several searches go on at once."""

from __future__ import annotations

from typing import Protocol


class Places(Protocol):
    """Where a process finds a place, which searches in several processes may share."""

    def take(self) -> bool:
        """Take a place, if there is one, without waiting for it."""
        ...

    def leave(self) -> None:
        """Leave it to others."""
        ...


class Unbounded:
    """There is always a place."""

    def take(self) -> bool:
        return True

    def leave(self) -> None:
        pass


UNBOUNDED = Unbounded()
