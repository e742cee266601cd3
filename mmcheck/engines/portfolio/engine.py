"""The portfolio: a search that visits every state, and solver engines beside it where it takes long.

The search begins alone, since most checks are over before a second process could be. After a head start, or
as soon as the state space is seen to be hopelessly large, helpers work on the same properties in processes of
their own. Of each property the first verdict counts, whoever finds it; what a helper claims was certified
before. When nothing is left to decide, all are stopped. A search that ends for want of memory leaves the rest
to the helpers, which then have its time.

Where stronger evidence is wanted than a search can give, a helper that looks for it begins with the search,
and is waited for although everything is decided.
"""

from __future__ import annotations

import gc
from time import monotonic
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.core.certify import CertificationError
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import Statistics
from mmcheck.core.system import Invariant, Liveness, NoModelError, Scenario, StepInvariant
from mmcheck.core.verdict import EverySize, Inductive, Proved, Unknown, Verdict, Violated, Witness
from mmcheck.diagnostics import Diagnostic
from mmcheck.engines.engine import Answer, Engine, EnoughError, Limits, Observe, Progress
from mmcheck.engines.places import UNBOUNDED, Places
from mmcheck.engines.portfolio.outlook import Outlook, room
from mmcheck.engines.portfolio.work import Claims, Doing, Failed, Refuted, Reproof, Said, Turn, Work

if TYPE_CHECKING:
    from mmcheck.engines.portfolio.helper import Helper

NAME = "auto"

HOPELESS = 9.0
"""The power of ten of states from which on helpers begin without waiting for the head start to be over."""
PATIENCE = 0.1
"""Seconds between two looks around, once the search has ended."""
AFTERWARDS = 600.0
"""Seconds that helpers have after the search, at least, where there is no time limit."""
SHARE, LATE_SHARE = 4, 2
"""Which part of the memory a helper may take: one beside the search, one that is started after it."""
LEAST = 256 * 2**20
"""The share of memory with which a helper is started: a solver alone takes half of it."""


class DisagreementError(Exception):
    """Two engines concluded otherwise: a bug of mmcheck, never of the spec."""


class Portfolio(Struct):
    """An engine made of a search and of lanes: the engines of one lane take turns in one helper."""

    search: Engine
    lanes: tuple[tuple[Turn, ...], ...]
    reproof: Reproof
    helpers: int = 1
    """How many processes may work beside the search. The first lanes come first; the next one begins when
    one of them has ended, or the search has."""
    head_start: float = 3.0
    stop_at: frozenset[str] = frozenset()
    stronger: Turn | None = None
    """What looks for stronger evidence than that of the search, if that is wanted."""
    places: Places = UNBOUNDED
    """Where helpers have a place, for as long as they work."""
    name: str = NAME

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties; the statistics of the answer are those of the search."""
        race = _Race(self, instance, properties, limits, observe)
        try:
            return race.run()
        finally:
            race.stop()


class _Race(Struct, dict=True):
    portfolio: Portfolio
    instance: Instance
    properties: tuple[str, ...]
    limits: Limits
    observe: Observe
    helpers: list[Helper] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """What helpers have claimed, and who did."""
    deciders: dict[str, str] = field(default_factory=dict)
    left: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each property why engines left it open, by engine."""
    notes: dict[str, str] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()
    """What the engines of helpers have to say besides."""
    decided: frozenset[str] = frozenset()
    """What the search has decided so far."""
    final: frozenset[str] = frozenset()
    """What it has decided by a run: no evidence is stronger."""
    last: Progress | None = None
    phase: str = "search"
    searching: bool = True
    taken: int = 0
    """How many places helpers have taken."""

    def __post_init__(self) -> None:
        self.started = monotonic()
        timeout = self.limits.timeout
        self.deadline = None if timeout is None else self.started + timeout
        self.outlook = Outlook(room(self.instance))
        self.waiting = list(self.portfolio.lanes) if self.portfolio.helpers else []
        self.looking = self.portfolio.stronger is not None
        if self.portfolio.stronger is not None:
            first = self.waiting.pop(0) if self.waiting else ()
            self.waiting.insert(0, (self.portfolio.stronger, *first))
        kinds = {prop.name: prop for prop in self.instance.system.properties}
        self.solvable = {n for n in self.properties if not isinstance(kinds[n], Liveness | Scenario)}
        self.safety = {
            n for n in self.properties if isinstance(kinds[n], Invariant | StepInvariant | NoModelError)
        }

    @property
    def seconds(self) -> float:
        return monotonic() - self.started

    def run(self) -> Answer:
        limits = replace(self.limits, elsewhere=self._held)
        try:
            if self.looking:
                self._begin(1, SHARE)
            found = self.portfolio.search.check(self.instance, self.properties, limits, self._observe)
        except EnoughError:
            found = self._nothing_found()
        self.last = self.last or _progress(found.statistics)
        self.phase = "done" if found.statistics.complete else "stopped"
        self.searching = False
        if found.interrupted or not self._goes_on(found):
            return self._joined(found)
        try:
            self._go_on()
        except KeyboardInterrupt:
            return replace(self._joined(found), interrupted=True)
        return self._joined(found)

    def stop(self) -> None:
        """End the helpers, whatever they are doing."""
        for helper in self.helpers:
            helper.stop()
        self._give_back()

    # --- beside the search -------------------------------------------------------------------------------

    def _observe(self, progress: Progress) -> None:
        """Look around whenever the search tells how far it is."""
        self.last, self.decided = progress, progress.decided
        self.outlook.see(progress)
        self._listen()
        self.final = progress.decided
        if self.seconds >= self.portfolio.head_start or self.outlook.power >= HOPELESS:
            self._begin(self.portfolio.helpers, SHARE)
        elif self.looking and not self.helpers:
            self._begin(1, SHARE)
        beside = tuple(helper.doing for helper in self.helpers if not helper.ended)
        self.observe(replace(progress, beside=beside))
        if (reason := self._enough()) is not None:
            raise EnoughError(reason)

    def _held(self) -> int:
        """Bytes of memory that helpers hold, which the search cannot take."""
        return sum(helper.memory() for helper in self.helpers)

    def _begin(self, most: int, share: int) -> None:
        """Start helpers for the next lanes, up to so many at once, if each can have its share of memory."""
        memory = None if self.limits.max_memory is None else self.limits.max_memory // share
        if memory is not None and memory < LEAST:
            return
        while self.waiting and self._wanted() and self._running() < most and self._take_place():
            from mmcheck.engines.portfolio.helper import Helper

            work = Work(
                self.waiting.pop(0),
                self.instance,
                self.properties,
                self.decided | self.verdicts.keys(),
                self.final,
                Limits(max_depth=self.limits.max_depth, max_memory=memory),
                self.deadline,
                self.portfolio.reproof,
            )
            self.helpers.append(Helper(work))

    def _running(self) -> int:
        return sum(not helper.ended for helper in self.helpers)

    def _wanted(self) -> bool:
        """Whether there is something for a helper to do."""
        return bool(self._open()) or self._looks()

    def _take_place(self) -> bool:
        """Take a place for one more helper, if there is one: that of the search is free when it has ended."""
        self._give_back()
        if self._running() < self.taken + (not self.searching):
            return True
        if not self.portfolio.places.take():
            return False
        self.taken += 1
        return True

    def _give_back(self) -> None:
        """Leave the places that are not needed any more."""
        while self.taken > max(0, self._running() - (not self.searching)):
            self.portfolio.places.leave()
            self.taken -= 1

    def _open(self) -> set[str]:
        """What a helper could decide, and nobody has."""
        return self.solvable - self.decided - self.verdicts.keys()

    def _enough(self) -> str | None:
        """Why nothing more is wanted, if that is so. A search that decides everything itself ends itself."""
        if self._violated() & self.portfolio.stop_at:
            return "the search ended at the first violation, as was asked for"
        open_ones = set(self.properties) - self.decided
        if not self.portfolio.helpers or self._looks():
            return None
        if open_ones and not open_ones - self.verdicts.keys():
            return "the search ended, since everything was decided"
        return None

    def _looks(self) -> bool:
        """Whether stronger evidence is still looked for, in the first turn of the first helper, and there is
        something that it could be about."""
        if not self.looking or any(helper.ended for helper in self.helpers[:1]):
            return False
        return bool(self.safety - self.final - self._violated())

    def _looked(self, said: Said) -> None:
        """Take note of what came of looking for stronger evidence."""
        if isinstance(said, Claims):
            why = {name: said.left[name] for name in said.left.keys() & self.safety}
            self.notes = {name: f"for this size: {reason}" for name, reason in why.items()} | self.notes
            self.warnings += said.warnings
        self.looking = isinstance(said, Doing)

    def _violated(self) -> set[str]:
        return {name for name, verdict in self.verdicts.items() if isinstance(verdict, Violated)}

    def _listen(self) -> None:
        """Take over what helpers say."""
        for helper in self.helpers:
            for said in helper.hear():
                self._take(said)
                if self.looking and helper is self.helpers[0]:
                    self._looked(said)

    def _take(self, said: Said) -> None:
        match said:
            case Claims(engine, verdicts, left, notes):
                for name, verdict in verdicts.items():
                    self._agree(name, self.verdicts.get(name, verdict), verdict)
                    self.deciders.setdefault(name, engine)
                    self.verdicts.setdefault(name, verdict)
                for name, why in left.items():
                    self.left.setdefault(name, {})[engine] = why
                self.notes |= notes
            case Failed(engine, what):
                for name in self._open():
                    self.left.setdefault(name, {})[engine] = what
            case Refuted(engine, what):
                raise CertificationError(f"{engine}: {what}")
            case Doing():
                pass
            case _:
                assert_never(said)

    # --- after the search --------------------------------------------------------------------------------

    def _goes_on(self, found: Answer) -> bool:
        """Whether helpers have something to do that the search left. Limits that are about a search end
        all, and a time limit does."""
        self.decided = frozenset(n for n in self.properties if _is_settled(found.verdicts.get(n)))
        violated = {name for name, verdict in found.verdicts.items() if isinstance(verdict, Violated)}
        if violated & self.portfolio.stop_at:
            return False
        limits, statistics = self.limits, found.statistics
        too_many = limits.max_states is not None and statistics.states >= limits.max_states
        too_deep = limits.max_depth is not None and statistics.depth >= limits.max_depth
        self.final = frozenset(n for n in self.decided if _is_by_a_run(found.verdicts[n]))
        helped = bool(self._open()) and not (too_many or too_deep) and self.portfolio.helpers > 0
        return helped or self._looks()

    def _go_on(self) -> None:
        """Wait for the helpers, one more of which can be now."""
        # What the search held is in cycles, and shall be free for them.
        gc.collect()
        end = self.deadline or self.started + self.seconds + max(AFTERWARDS, self.seconds)
        while self._wanted() and self._enough() is None:
            if monotonic() < end:
                self._begin(self.portfolio.helpers + 1, LATE_SHARE)
            elif self.deadline is None or not self._running():
                return
            if not self._running():
                return
            self._wait()
            self._listen()

    def _wait(self) -> None:
        from mmcheck.engines.portfolio.helper import wait

        doing = tuple(helper.doing for helper in self.helpers if not helper.ended)
        assert self.last is not None
        self.observe(replace(self.last, phase=self.phase, seconds=self.seconds, beside=doing))
        wait(self.helpers, PATIENCE)

    # --- the answer --------------------------------------------------------------------------------------

    def _joined(self, found: Answer) -> Answer:
        """The verdicts of the search, and those of helpers for what it left open, or found a longer run
        for."""
        verdicts: dict[str, Verdict] = {}
        for name in self.properties:
            own, other = found.verdicts.get(name, Unknown("nobody looked at it")), self.verdicts.get(name)
            if other is not None:
                self._agree(name, own, other)
            if other is not None and _is_better(other, own):
                verdicts[name] = other
            else:
                verdicts[name] = self._with_reasons(name, own)
        helped = [n for n in self.properties if n in self.verdicts and verdicts[n] is self.verdicts[n]]
        return replace(
            found,
            verdicts=verdicts,
            statistics=replace(found.statistics, seconds=self.seconds),
            deciders={name: self.deciders[name] for name in helped},
            reproved=frozenset(name for name in helped if _is_inductive(verdicts[name])),
            warnings=(*found.warnings, *self.warnings),
            notes={**found.notes, **self._notes(verdicts)},
        )

    def _notes(self, verdicts: dict[str, Verdict]) -> dict[str, str]:
        """What helpers had to say of what is not proved by the strongest evidence."""
        proved = {name for name, verdict in verdicts.items() if isinstance(verdict, Proved)}
        weak = {name for name in proved if not _is_for_every_size(verdicts[name])} - self.final
        return {name: note for name, note in self.notes.items() if name in weak}

    def _agree(self, name: str, one: Verdict, other: Verdict) -> None:
        """Raises DisagreementError where two verdicts exclude each other."""
        if _is_settled(one) and _is_settled(other) and type(one) is not type(other):
            raise DisagreementError(f"`{name}` is {_word(one)} by one engine, and {_word(other)} by another")

    def _with_reasons(self, name: str, own: Verdict) -> Verdict:
        """A verdict; an unknown one with what the helpers said about it."""
        if not isinstance(own, Unknown) or name not in self.solvable:
            return own
        reasons = dict(self.left.get(name, {}))
        for helper in self.helpers:
            if not helper.ended and helper.engine not in reasons:
                reasons[helper.engine or "a helper"] = "it was still at work"
        return replace(own, reason="; ".join([own.reason, *(f"{e}: {why}" for e, why in reasons.items())]))

    def _nothing_found(self) -> Answer:
        """The answer of a search that was ended by an exception."""
        last = self.last
        statistics = Statistics(
            engine=NAME if last is None else last.engine,
            states=0 if last is None else last.states,
            transitions=0 if last is None else last.transitions,
            depth=0 if last is None else last.depth,
            seconds=self.seconds,
            memory=0 if last is None else last.memory,
            complete=False,
            fired={transition.name: 0 for transition in self.instance.system.transitions},
        )
        return Answer({}, statistics, {})


def _is_settled(verdict: Verdict | None) -> bool:
    return isinstance(verdict, Proved | Violated)


def _word(verdict: Verdict) -> str:
    return type(verdict).__name__.lower()


def _is_inductive(verdict: Verdict) -> bool:
    match verdict:
        case Proved(Inductive() | EverySize()) | Violated(evidence=Inductive()):
            return True
        case _:
            return False


def _is_for_every_size(verdict: Verdict) -> bool:
    return isinstance(verdict, Proved) and isinstance(verdict.evidence, EverySize)


def _is_by_a_run(verdict: Verdict) -> bool:
    return isinstance(verdict, Violated) or (
        isinstance(verdict, Proved) and isinstance(verdict.evidence, Witness)
    )


def _is_better(other: Verdict, own: Verdict) -> bool:
    """Whether what a helper found is what to show, and not what the search did."""
    if not _is_settled(own) or _length(other) < _length(own):
        return True
    return _is_for_every_size(other) and not _is_for_every_size(own)


def _progress(statistics: Statistics) -> Progress:
    """Where a search stands that has ended before it said so."""
    return Progress(
        engine=statistics.engine,
        phase="",
        states=statistics.states,
        transitions=statistics.transitions,
        depth=statistics.depth,
        frontier=0,
        seconds=statistics.seconds,
        memory=statistics.memory,
    )


def _length(verdict: Verdict) -> float:
    """The length of a counterexample; a verdict without one is as good as any."""
    match verdict:
        case Violated(trace) if trace is not None:
            return trace.length
        case _:
            return float("inf")
