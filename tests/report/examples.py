"""Outcomes made by hand: the sealing of a memfd, in the sizes and with the endings that reports must show."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from mmcheck.core.blame import Blame
from mmcheck.core.check import HOLDS, Check, Expectation, Expected
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.outcome import CheckOutcome, PropertyOutcome, SpecOutcome, Statistics
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    NoModelError,
    Reachable,
    Scenario,
    StepInvariant,
    System,
    Transition,
    Variable,
)
from mmcheck.core.terms import And, Compare, Comparison, Literal, Local, Place, Read, Term
from mmcheck.core.trace import Choices, FailedStep, Failure, Step, Trace
from mmcheck.core.types import BOOL, Elem, EnumType, RangeType, SortType, Value
from mmcheck.core.verdict import Binding, Exhaustive, Inductive, Proved, Unknown, Violated, Witness
from mmcheck.diagnostics import Diagnostic
from mmcheck.source import SourceFile, Span

Golden = Callable[[str, str], None]
"""The fixture `golden`: compares a text with the golden file of a name."""

TEXT = """\
/// memfd sealing against pinned pages (F_SEAL_WRITE).
spec memfd_seal;

state {
    bool mapped[Task];
    bool pinned[Task][Page];
    Data data[Page];
    bool sealed;
    0..3 refs;
}

transition pin(Task t, Page p) {
    require mapped[t] && !pinned[t][p];
    pinned[t][p] = true;
    refs = refs + 1;
}

step invariant sealed_pages_cannot_change(Page p): sealed =>
    data'[p] == data[p];  // whatever the pins
invariant few_refs: refs <= 2 && count Task t: mapped[t] <= refs;
reachable can_seal: sealed;
"""
FILE = SourceFile("specs/memfd_seal.mmc", TEXT)

TASK, PAGE, DATA = SortType("Task"), SortType("Page"), EnumType("Data", ("zero", "old", "new"))
T, P, D = Local("t", TASK), Local("p", PAGE), Local("d", DATA)
TRUE = Literal(True, BOOL)


def span(text: str) -> Span:
    """Where a piece of the text stands first."""
    start = TEXT.index(text)
    return Span(FILE, start, start + len(text))


def transition(name: str, *params: Local) -> Transition:
    return Transition(name, params, (), span=span("transition pin(Task t, Page p)"))


TRANSITIONS = {
    t.name: t
    for t in (
        transition("map", T),
        transition("unmap", T),
        transition("pin", T, P),
        transition("dma", T, P, D),
        transition("seal_write"),
        transition("write_back_and_wait_for_all_pins", T, P),
    )
}
SEALED = StepInvariant(
    "sealed_pages_cannot_change",
    (P,),
    TRUE,
    doc="Once sealed, a page keeps what is in it.",
    span=span(
        "step invariant sealed_pages_cannot_change(Page p): sealed =>\n"
        "    data'[p] == data[p];  // whatever the pins"
    ),
)
FEW_REFS = Invariant(
    "few_refs", (), TRUE, span=span("invariant few_refs: refs <= 2 && count Task t: mapped[t] <= refs;")
)
CAN_SEAL = Reachable("can_seal", (), TRUE, span=span("reachable can_seal: sealed;"))
OUTLIVES = Scenario("pin_outlives_unmap", (T, P), ())
SYSTEM = System(
    "memfd_seal",
    (),
    (
        Variable("mapped", (TASK,), BOOL),
        Variable("pinned", (TASK, PAGE), BOOL),
        Variable("data", (PAGE,), DATA),
        Variable("sealed", (), BOOL),
        Variable("refs", (), RangeType(0, 3)),
    ),
    (),
    tuple(TRANSITIONS.values()),
    (NoModelError(), SEALED, FEW_REFS, CAN_SEAL, OUTLIVES),
    (),
)
INSTANCE = Instance(SYSTEM, {"Task": 2, "Page": 2})


def task(i: int) -> Elem:
    return Elem("Task", i)


def page(i: int) -> Elem:
    return Elem("Page", i)


def state(base: State | None = None, /, **changes: Value) -> State:
    """A state in which some cells differ; cells are named `mapped_0`, `pinned_0_1`, `sealed`."""
    names = {
        repr(cell).replace("[Task#", "_").replace("[Page#", "_").replace("]", ""): i
        for i, cell in enumerate(INSTANCE.cells)
    }
    values = list(base or (False,) * 6 + ("zero", "zero", False, 0))
    for name, value in changes.items():
        values[names[name]] = value
    return tuple(values)


def step(name: str, args: tuple[Value, ...], target: State, choices: Choices = ()) -> Step:
    return Step(Action.of(TRANSITIONS[name], args), choices, target)


def five_steps() -> Trace:
    """Map, pin, unmap, seal, DMA: the discussion of 2014 in a nutshell."""
    start = state()
    mapped = state(start, mapped_0=True)
    pinned = state(mapped, pinned_0_0=True, refs=1)
    unmapped = state(pinned, mapped_0=False)
    sealed = state(unmapped, sealed=True)
    written = state(sealed, data_0="new")
    return Trace(
        start,
        (
            step("map", (task(0),), mapped),
            step("pin", (task(0), page(0)), pinned),
            step("unmap", (task(0),), unmapped),
            step("seal_write", (), sealed),
            step("dma", (task(0), page(0), "new"), written),
        ),
    )


def long_run() -> Trace:
    """Fourteen steps, one with a long name and choices: more than fits on a line."""
    start = current = state()
    steps = []
    for i in range(13):
        on = i % 2 == 0
        current = state(current, mapped_0=on, data_1=("old", "new", "zero")[i % 3])
        steps.append(step("map" if on else "unmap", (task(0),), current))
    current = state(current, pinned_1_1=True)
    last = step(
        "write_back_and_wait_for_all_pins", (task(1), page(1)), current, (("victim", page(0)), ("d", "old"))
    )
    return Trace(start, (*steps, last))


def overflow() -> Trace:
    """A step that fails at the end."""
    start = state(None, refs=3)
    mapped = state(start, mapped_1=True)
    failure = Failure("range overflow", "4 is not in 0..3", span("refs = refs + 1"))
    return Trace(
        start,
        (step("map", (task(1),), mapped),),
        FailedStep(Action.of(TRANSITIONS["pin"], (task(1), page(0))), (), failure),
    )


def unevaluable() -> Trace:
    """No step at all, and a property that cannot be evaluated."""
    failure = Failure("null dereference", "`refs` is null", span("refs <= 2"))
    return Trace(state(), (), failure)


def term(text: str) -> Term:
    return Compare(Comparison.EQ, Read(Place("refs", (), (), RangeType(0, 3))), And(()), span=span(text))


BLAME = Blame(
    term("data'[p] == data[p]"), (("p", page(0)),), (("data'[Page#0]", "new"), ("data[Page#0]", "zero"))
)
BLAME_OF_STATE = Blame(
    term("count Task t: mapped[t] <= refs"), (), (("mapped[Task#0]", False), ("refs", 1), ("sealed", True))
)
EXHAUSTIVE = Exhaustive(1024, 4711, 9)
FOR_PAGE: Binding = (("p", page(0)),)


def statistics(complete: bool = True, states: int = 1024) -> Statistics:
    return Statistics("reference", states, 4711, 9, 0.25, 48 * 2**20, complete, {"map": 12, "dma": 0})


def check(name: str, *set_names: str, doc: str = "", **expected: Expected) -> Check:
    constants: dict[str, Value] = {"wait_for_pins": "wait_for_pins" not in set_names}
    names = tuple(p.name for p in SYSTEM.properties)
    return Check(name, constants, INSTANCE.sizes, set_names, names, expected, doc)


VIOLATED_IN_5 = Expected(Expectation.VIOLATED, 5)
WORKS = Proved(Witness((((("t", task(0)), ("p", page(1))), five_steps()),)))


def naive() -> CheckOutcome:
    """A broken design, known to be broken."""
    return CheckOutcome(
        check("naive", "wait_for_pins", doc="Seal whatever the pins.\n\nAs posted first."),
        INSTANCE,
        (
            PropertyOutcome(NoModelError(), Proved(EXHAUSTIVE), HOLDS),
            PropertyOutcome(SEALED, Violated(five_steps(), FOR_PAGE), VIOLATED_IN_5, (), BLAME),
            PropertyOutcome(CAN_SEAL, Proved(Witness((((), five_steps()),))), HOLDS, ("fair_io",)),
            PropertyOutcome(OUTLIVES, WORKS, HOLDS),
        ),
        statistics(),
    )


def merged() -> CheckOutcome:
    """A design that should be sound and is not, in every way that there is."""
    nowhere = Violated(None, (), "", EXHAUSTIVE)
    return CheckOutcome(
        check("merged", "Page", few_refs=Expected(Expectation.VIOLATED)),
        INSTANCE,
        (
            PropertyOutcome(NoModelError(), Violated(overflow()), HOLDS),
            PropertyOutcome(SEALED, Violated(five_steps(), FOR_PAGE), HOLDS, (), BLAME),
            PropertyOutcome(FEW_REFS, Proved(EXHAUSTIVE), Expected(Expectation.VIOLATED)),
            PropertyOutcome(CAN_SEAL, nowhere, HOLDS, note="A guard may be too strong."),
            PropertyOutcome(OUTLIVES, replace(nowhere, reason="line 3, seal_write(), is not blocked"), HOLDS),
            PropertyOutcome(
                DeadlockFree(), Violated(Trace(state(), ()), reason="No transition is enabled."), HOLDS
            ),
        ),
        statistics(),
        (
            Diagnostic(
                "W600",
                "transition `dma` never fired",
                span("transition pin(Task t, Page p)"),
                "remove it, or weaken its `require`",
            ),
        ),
    )


def limited() -> CheckOutcome:
    """A check that a limit ended."""
    unknown = Unknown("the limit of 1,000 states came first; no violation up to depth 4")
    return CheckOutcome(
        check("large"),
        INSTANCE,
        (
            PropertyOutcome(NoModelError(), unknown, HOLDS),
            PropertyOutcome(FEW_REFS, unknown, Expected(Expectation.UNKNOWN)),
        ),
        statistics(complete=False, states=1000),
    )


def beyond() -> CheckOutcome:
    """A check with a property that the engine does not decide."""
    unknown = Unknown("ic3 does not decide liveness", limit=False)
    return replace(naive(), properties=(PropertyOutcome(FEW_REFS, unknown, HOLDS),))


def by_induction() -> CheckOutcome:
    """A proof that leaves something to check again: its lemmas."""
    proved = Proved(Inductive((TRUE,), ("refs <= 2 => !sealed",)))
    return replace(naive(), properties=(PropertyOutcome(FEW_REFS, proved, HOLDS),))


def spec(*checks: CheckOutcome, diagnostics: tuple[Diagnostic, ...] = ()) -> SpecOutcome:
    doc = "memfd sealing against pinned pages (F_SEAL_WRITE)."
    return SpecOutcome("specs/memfd_seal.mmc", "memfd_seal", checks, diagnostics, doc)
