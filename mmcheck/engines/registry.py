"""The engines by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from mmcheck.engines.engine import ORDINARY, Engine, Preferences
from mmcheck.engines.reference.search import ReferenceEngine


class Maker(Protocol):
    """Makes an engine."""

    def __call__(self, preferences: Preferences = ...) -> Engine: ...


def _explicit(preferences: Preferences = ORDINARY) -> Engine:
    # NumPy is loaded where the engine is used, so that commands that need none start fast.
    from mmcheck.engines.explicit.engine import ExplicitEngine
    from mmcheck.engines.explicit.search import Tuning

    return ExplicitEngine(
        Tuning(
            threads=preferences.threads,
            symmetry=preferences.symmetry,
            spill=preferences.spill,
            checkpoint=preferences.checkpoint,
        )
    )


def _reference(preferences: Preferences = ORDINARY) -> Engine:
    # It has no preferences: it is what those who have are compared with.
    return ReferenceEngine()


ENGINES: Mapping[str, Maker] = {"explicit": _explicit, "reference": _reference}
"""How to make each engine."""

DEFAULT = "explicit"

NAMES = tuple(ENGINES)
