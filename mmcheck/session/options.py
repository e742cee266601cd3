"""What a run is asked for."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field

from mmcheck.engines.engine import Limits, Preferences, Progress
from mmcheck.engines.registry import DEFAULT


def ignore(progress: Progress) -> None:
    """Observe nothing."""


class Options(Struct, frozen=True):
    """What a run is asked for: settings such as `Page=3`, the names of checks and of properties (none means
    all), limits for each check, and the engine."""

    settings: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    engine: str = DEFAULT
    preferences: Preferences = field(default_factory=Preferences)
    certificates: Path | None = None
    """A folder for the proofs by induction, as scripts for solvers."""
    keep_going: bool = True
    """Whether to go on after a violation that a check does not expect, for those of other properties."""
    induction: bool = False
    """Whether to say of each invariant what induction says about it."""
    silence: bool = True
    """Whether to leave out the warnings that comments in the source allow."""
    deadline: float | None = None
    """When all of it has to end, on the clock of `time.monotonic`: what is not decided by then is unknown."""
    graphs: int = 0
    """How many states a check may have, none up to symmetry, for its state graph to be in the outcome."""
