"""Coverage: how much of a spec the states and steps of a check made use of.

A branch is a way through a statement: an `if` has two, the `else` that nobody wrote included, and a bulk
`forall ... where` has one, its body. How often it was taken is counted in steps, whatever the arguments of
the transition: a step in which a bulk update takes a branch for several elements counts once. What the
constants of a check decide is no branch there, since nothing is left of it after elaboration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum

from msgspec import Struct

from mmcheck.core.system import Body, ForAll, If, Invariant, Liveness, StepInvariant, System
from mmcheck.core.terms import And, Let, Literal, Not, Or, Term
from mmcheck.core.vacuity import premises_of
from mmcheck.source import Span


class Side(Enum):
    """Which way through a statement."""

    THEN = "then"
    ELSE = "else"
    BODY = "body"
    """Of a bulk `forall ... where`: some values satisfied its condition."""


class Branch(Struct, frozen=True):
    """One way through the statement that stands at a place."""

    span: Span
    side: Side


class Taken(Struct, frozen=True):
    """What an engine saw of a branch: in how many steps it was taken, and whether it was taken on the way
    into a model error, which is no step."""

    steps: int = 0
    failed: bool = False


NEVER = Taken()


class BranchCoverage(Struct, frozen=True):
    """`place` is where the branch begins: at its first statement, or at the statement that it belongs to when
    it has none. `written` is false for an `else` that does not exist. `within` is the innermost branch around
    it."""

    branch: Branch
    transition: str
    place: Span
    written: bool
    within: Branch | None
    taken: Taken = NEVER

    @property
    def covered(self) -> bool:
        return self.taken.steps > 0 or self.taken.failed


class TransitionCoverage(Struct, frozen=True):
    """`possible` is false where the constants of the check alone forbid the transition."""

    name: str
    span: Span | None
    possible: bool
    fired: int


class PremiseCoverage(Struct, frozen=True):
    """A premise of a property. `met` says whether it was ever true, and is None where that is not known: the
    property is violated, or not every state was visited."""

    property: str
    span: Span
    met: bool | None


class Coverage(Struct, frozen=True):
    """The coverage of one check. `complete` is true when every reachable state was visited, so that what was
    never taken can never be."""

    complete: bool
    transitions: tuple[TransitionCoverage, ...]
    branches: tuple[BranchCoverage, ...]
    premises: tuple[PremiseCoverage, ...]

    def fired(self, transition: str) -> int:
        """How often a transition fired."""
        return sum(t.fired for t in self.transitions if t.name == transition)


def measure(
    system: System,
    complete: bool,
    fired: Mapping[str, int],
    taken: Mapping[Branch, Taken],
    unmet: Mapping[str, Collection[str]],
    proved: Collection[str],
) -> Coverage:
    """The coverage of a check, from what an engine saw: how often each transition fired, the branches taken,
    the texts of the premises that were never true, and the names of the properties that hold."""
    known = proved if complete else ()
    return Coverage(
        complete,
        tuple(
            TransitionCoverage(t.name, t.span, not t.impossible, fired.get(t.name, 0))
            for t in system.transitions
        ),
        tuple(_with(found, taken.get(found.branch, NEVER)) for found in branches(system)),
        tuple(
            PremiseCoverage(
                p.name,
                premise.span,
                premise.span.text not in unmet.get(p.name, ()) if p.name in known else None,
            )
            for p in system.properties
            if isinstance(p, Invariant | StepInvariant | Liveness)
            for premise in premises_of(p)
            if premise.span is not None
        ),
    )


def branches(system: System) -> Iterator[BranchCoverage]:
    """Every branch of the transitions of a system, in the order of the text, none of them taken."""
    for transition in system.transitions:
        yield from _branches(transition.body, transition.name, None)


def _branches(body: Body, transition: str, within: Branch | None) -> Iterator[BranchCoverage]:
    for statement in body:
        match statement:
            case If(condition, then, orelse, span=span) if span is not None:
                for side, inside in ((Side.THEN, then), (Side.ELSE, orelse)):
                    if settled(condition) is (side is Side.ELSE):
                        continue
                    branch = Branch(span, side)
                    written = side is Side.THEN or bool(orelse)
                    yield BranchCoverage(branch, transition, _beginning(inside, span), written, within)
                    yield from _branches(inside, transition, branch)
            case ForAll(_, where, _) if where is not None and settled(where) is False:
                pass
            case ForAll(_, where, inside, span=span) if span is not None:
                conditional = where is not None and not isinstance(where, Literal)
                branch = Branch(span, Side.BODY)
                if conditional:
                    yield BranchCoverage(branch, transition, _beginning(inside, span), True, within)
                yield from _branches(inside, transition, branch if conditional else within)
            case _:
                pass


def settled(condition: Term) -> bool | None:
    """What a condition is by the constants alone, wherever in it they stand; None where that is not plain."""
    match condition:
        case Literal(bool() as value):
            return value
        case Not(arg):
            inner = settled(arg)
            return None if inner is None else not inner
        case And(args):
            parts = {settled(arg) for arg in args}
            return False if False in parts else True if parts == {True} else None
        case Or(args):
            parts = {settled(arg) for arg in args}
            return True if True in parts else False if parts == {False} else None
        case Let(_, _, body):
            return settled(body)
        case _:
            return None


def _beginning(body: Body, around: Span) -> Span:
    """The first statement of a body. One that stands elsewhere (`reset` becomes the initialiser of a
    variable) is passed over."""
    inside = (
        s.span
        for s in body
        if s.span is not None
        and s.span.file == around.file
        and around.start <= s.span.start
        and s.span.end <= around.end
    )
    return next(inside, around)


def _with(found: BranchCoverage, taken: Taken) -> BranchCoverage:
    return BranchCoverage(found.branch, found.transition, found.place, found.written, found.within, taken)


# --- over several checks ---------------------------------------------------------------------------------


def merge(coverages: Sequence[Coverage]) -> Coverage:
    """The coverage of several checks of one spec together: counts are added up. A premise is met when it is
    in some check, and known to be never true when it is known in all."""
    transitions: dict[str, TransitionCoverage] = {}
    found: dict[Branch, BranchCoverage] = {}
    claims: dict[tuple[str, Span], PremiseCoverage] = {}
    for coverage in coverages:
        for t in coverage.transitions:
            before = transitions.get(t.name, TransitionCoverage(t.name, t.span, False, 0))
            possible, fired = before.possible or t.possible, before.fired + t.fired
            transitions[t.name] = TransitionCoverage(t.name, t.span, possible, fired)
        for b in coverage.branches:
            taken = found[b.branch].taken if b.branch in found else NEVER
            both = Taken(taken.steps + b.taken.steps, taken.failed or b.taken.failed)
            # A branch may be empty in one check and not in another.
            kept = found.get(b.branch, b)
            found[b.branch] = _with(kept if kept.written else b, both)
        for p in coverage.premises:
            met = (
                p.met
                if (p.property, p.span) not in claims
                else _either(claims[p.property, p.span].met, p.met)
            )
            claims[p.property, p.span] = PremiseCoverage(p.property, p.span, met)
    complete = all(coverage.complete for coverage in coverages)
    return Coverage(complete, tuple(transitions.values()), tuple(found.values()), tuple(claims.values()))


def _either(left: bool | None, right: bool | None) -> bool | None:
    """Whether one of the two is true; None where that is not known."""
    if left or right:
        return True
    return None if left is None or right is None else False


def never_taken(coverages: Sequence[Coverage]) -> Iterator[BranchCoverage]:
    """The branches of `if`s that no check took, where that says something: some check fired the transition
    and could have taken the branch, every check visited all of its states, and the branch around it, if there
    is one, was taken. An `else` that nobody wrote may well never be needed."""
    together = merge(coverages)
    if not together.complete:
        return
    fired = {b.branch for c in coverages for b in c.branches if c.fired(b.transition)}
    covered = {b.branch for b in together.branches if b.covered}
    for b in together.branches:
        reached = b.branch in fired and (b.within is None or b.within in covered)
        if reached and not b.covered and b.written and b.branch.side is not Side.BODY:
            yield b
