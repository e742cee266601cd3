"""What a search and its helpers tell each other: the work, and what comes of it. All of it can be pickled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct

from mmcheck.core.certify import Reprove
from mmcheck.core.instance import Instance
from mmcheck.core.verdict import Verdict
from mmcheck.engines.engine import Engine, Limits


class Turn(Struct, frozen=True):
    """An engine, made in the helper's process by a function that can be imported there; the depth and the
    time after which the next one takes over. None is no limit but that of the check."""

    make: Callable[[], Engine]
    max_depth: int | None = None
    seconds: float | None = None


Reproof: TypeAlias = Callable[[Instance, tuple[str, ...], Mapping[str, Verdict]], Reprove]
"""What proves by induction again: from an instance, the properties judged together, and all their verdicts.
A function that can be imported in the helper's process."""


class Work(Struct, frozen=True):
    """What a helper is to do. All of it goes to its process, so it can be pickled.

    `properties` are judged together; those that are `settled` need no verdict any more. The `deadline` is a
    time of the monotonic clock, which processes of one machine share."""

    turns: tuple[Turn, ...]
    instance: Instance
    properties: tuple[str, ...]
    settled: frozenset[str]
    limits: Limits
    deadline: float | None
    reproof: Reproof


class Doing(Struct, frozen=True):
    """A sign of life: which engine is at what."""

    engine: str
    what: str


class Claims(Struct, frozen=True):
    """The end of a turn: verdicts that were certified, and why there are no others."""

    engine: str
    verdicts: Mapping[str, Verdict]
    left: Mapping[str, str]


class Failed(Struct, frozen=True):
    """A turn that ended without an answer, and why."""

    engine: str
    what: str


class Refuted(Struct, frozen=True):
    """The evidence of a claim does not stand: a bug that no verdict may come out of."""

    engine: str
    what: str


Said: TypeAlias = Doing | Claims | Failed | Refuted
