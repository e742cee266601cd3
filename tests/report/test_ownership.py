"""Who holds what, who acts, and what changes: the views of a state that reports are made of."""

from __future__ import annotations

import pytest

import mmcheck
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.types import Elem
from mmcheck.report.actors import actor
from mmcheck.report.changes import changes
from mmcheck.report.ownership import held_sorts, ownership
from mmcheck.session import Spec, instantiate

SPEC = """\
spec holders;
sort Task = 2;
sort Page = 2;
sort Offset = 1;
enum Pte { none, reading, writing }
struct Entry { Page? page; bool dirty; }
state {
    Page? cache[Offset];
    bool pinned[Task][Page];
    Pte pte[Task][Page];
    bool dirty[Page];
    set Page lru;
    Entry entry[Task];
    0..3 n;
}
process reclaim(Task t) { local Page? victim; step pick { choose Page p; victim = p; } step drop { } }
transition pin(Offset o, Task t, Page p) { pinned[t][p] = true; }
transition flush(Page p) { dirty[p] = false; }
"""


def instance() -> Instance:
    spec: Spec = mmcheck.loads(SPEC)
    return instantiate(spec, spec.checks[0])[1]


INSTANCE = instance()


def state(**values: object) -> State:
    """The state of nothing, but for some cells, named without brackets and signs: `pinned_Task0_Page1`."""
    names = {repr(cell): i for i, cell in enumerate(INSTANCE.cells)}
    short = {
        name.replace("[", "_").replace("]", "").replace("#", "").replace(".", "_").replace(" ", "_"): i
        for name, i in names.items()
    }
    start: list[object] = [
        None,
        *[False] * 4,
        *["none"] * 4,
        False,
        False,
        frozenset(),
        *[None, False] * 2,
        0,
    ]
    start += ["pick", None] * 2
    assert len(start) == len(INSTANCE.cells)
    for name, value in values.items():
        start[short[name]] = value
    return tuple(start)  # type: ignore[arg-type]


P0, P1 = Elem("Page", 0), Elem("Page", 1)


@pytest.mark.parametrize(
    ("changed", "holder", "held", "how"),
    [
        ({"cache_Offset0": P1}, "Offset#0", P1, "cache"),
        ({"pinned_Task1_Page0": True}, "Task#1", P0, "pinned"),
        ({"pte_Task0_Page1": "writing"}, "Task#0", P1, "pte = writing"),
        ({"lru": frozenset({P0})}, "lru", P0, "lru"),
        ({"entry_Task1_page": P0}, "Task#1", P0, "entry.page"),
        ({"reclaim_Task0_victim": P1}, "Task#0", P1, "reclaim.victim"),
    ],
)
def test_what_is_held(changed: dict[str, object], holder: str, held: Elem, how: str) -> None:
    found = ownership(INSTANCE, state(**changed)).holdings
    assert [(h.holder, h.held, h.how) for h in found] == [(holder, held, how)]


def test_nothing_is_held_by_default() -> None:
    assert ownership(INSTANCE, state()).holdings == ()


def test_what_is_said_of_one_element_is_an_attribute() -> None:
    found = ownership(INSTANCE, state(dirty_Page1=True)).attributes
    assert [(e, name, value) for e, name, value in found if e.sort == "Page"] == [
        (P0, "dirty", False),
        (P1, "dirty", True),
    ]
    assert (Elem("Task", 0), "reclaim at", "pick") in found
    assert (Elem("Task", 1), "entry.dirty", False) in found


def test_sorts_that_can_be_held() -> None:
    assert held_sorts(INSTANCE) == ("Page",)


def action(name: str) -> Action:
    return next(a for a in INSTANCE.actions if a.transition.name == name)


def test_who_acts() -> None:
    assert actor(action("pin")) == "Task#0", "the first of a sort that acts, not the first parameter"
    assert actor(action("reclaim.pick")) == "reclaim[Task#0]"
    assert actor(action("flush")) == "system"


def test_changes_go_into_sets() -> None:
    before = state(lru=frozenset({P0}), n=1)
    after = state(lru=frozenset({P1}), n=2, dirty_Page0=True)
    assert [str(change) for change in changes(INSTANCE, before, after)] == [
        "dirty[Page#0]: false -> true",
        "lru: +Page#1 -Page#0",
        "n: 1 -> 2",
    ]
