"""What an engine is: a function from an instance and its properties to verdicts, within limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.core.coverage import Branch, Taken
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import Statistics
from mmcheck.core.verdict import Verdict
from mmcheck.diagnostics import Diagnostic
from mmcheck.engines.places import UNBOUNDED, Places


def nothing_elsewhere() -> int:
    """No memory."""
    return 0


class Limits(Struct, frozen=True):
    """Where a search ends although it is not finished. None is no limit."""

    max_states: int | None = None
    max_depth: int | None = None
    timeout: float | None = None
    """Seconds of wall-clock time for a check."""
    max_memory: int | None = None
    """Bytes of resident memory of the process."""
    reserve: float = 0.0
    """Seconds of the time limit that are left for what comes after the engine."""
    elsewhere: Callable[[], int] = nothing_elsewhere
    """Bytes that other processes hold meanwhile on behalf of the same check; they count as well."""
    told: float | None = None
    """The time limit that the user knows, where `timeout` is what is left of it."""

    def within(self, seconds: float) -> Limits:
        """The limits of a part of the work, which may take so long."""
        told = self.timeout if self.told is None else self.told
        return replace(self, timeout=max(0.0, seconds), told=told)


class Preferences(Struct, frozen=True):
    """What changes how an engine works, but no verdict."""

    symmetry: bool = True
    """Whether states that differ by a permutation of sort elements only count as one."""
    threads: int = 2
    spill: Path | None = None
    """A folder where the search goes on when the memory limit is reached."""
    checkpoint: Path | None = None
    """A folder for where the search stands, so that a later run can go on from there."""
    stop_at: frozenset[str] = frozenset()
    """The properties whose first violation ends the search."""
    helpers: int | None = None
    """How many processes may work beside the search (engine auto): 0 leaves it alone. None is one for each
    core but that of the search, two at most."""
    head_start: float = 3.0
    """Seconds that the search has for itself before there is a helper."""
    every_size: bool = False
    """Whether proofs for every size are looked for although the search decides a property (engine auto)."""
    places: Places = UNBOUNDED
    """Where helpers find a place: several searches may go on at once."""


ORDINARY = Preferences()


class Progress(Struct, frozen=True):
    """A heartbeat: where a long run stands."""

    engine: str
    phase: str
    states: int
    transitions: int
    depth: int
    frontier: int
    seconds: float
    memory: int
    bytes_per_state: int = 0
    """The most memory that a state takes; 0 where the engine does not know."""
    about: str = ""
    """What is under way, where that may be one of several things."""
    decided: frozenset[str] = frozenset()
    """The properties that are decided already, by what was found."""
    beside: tuple[str, ...] = ()
    """What is done beside it in other processes, as sentences without an end."""

    @property
    def rate(self) -> float:
        """States a second so far."""
        return self.states / self.seconds if self.seconds else 0.0


Observe: TypeAlias = Callable[[Progress], None]


class EnoughError(Exception):
    """Raised by an observer where nothing more is wanted of an engine. The explicit engine then answers with
    what it has, as after Ctrl-C; it may leave any other as an exception."""


class Answer(Struct, frozen=True):
    """A verdict for each property asked about, by name.

    `unmet_premises` holds, for a property, the texts of the premises (the left sides of `=>`) that no state
    or step visited made true; `idle_assumptions` the assumptions that excluded nothing. Both are empty where
    not every state was visited."""

    verdicts: Mapping[str, Verdict]
    statistics: Statistics
    unmet_premises: Mapping[str, tuple[str, ...]]
    idle_assumptions: tuple[str, ...] = ()
    interrupted: bool = False
    branches: Mapping[Branch, Taken] | None = None
    """The branches that were taken; None from an engine that does not know, since it takes no steps."""
    deciders: Mapping[str, str] = field(default_factory=dict)
    """For properties that another engine decided than that of the statistics, its name."""
    reproved: frozenset[str] = frozenset()
    """The properties whose proofs by induction were proved again already."""
    warnings: tuple[Diagnostic, ...] = ()
    """What the engine has to say about the spec itself."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """One more sentence about the verdicts on some properties, by name."""


class Engine(Protocol):
    """Engines are equals: none imports another, and each is held to the same conformance tests."""

    name: str

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties of the instance.

        Never raises for a limit (`Unknown`) nor on Ctrl-C (`interrupted`, with what was found so far)."""
        ...
