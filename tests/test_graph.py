"""State graphs: the counts are those of the naive definition, and every format says the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx
import pytest
import yaml
from agreement import small_instance
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, Phase, given, settings
from strategies import specs

import mmcheck
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.instance import Instance, State
from mmcheck.core.semantics import Dynamics, initial_states
from mmcheck.core.stategraph import StateGraph
from mmcheck.core.trace import Step
from mmcheck.report.graph import FORMATS
from mmcheck.report.graph_layout import layout

ROOT = Path(__file__).parent.parent
SEAL = ROOT / "docs" / "examples" / "seal.mmc"

BY_HAND = """\
spec turns;
sort Task = 2;
state { Task? owner; 0..2 level; bool broken; }
transition take(Task t) { require owner == null && level < 2; owner = t; level = level + 1; }
transition give(Task t) { require owner == t; owner = null; }
transition smash() { require level == 2; broken = true; }
invariant whole: !broken;
step invariant stays_low: level' < 2;
reachable high: level == 2;
"""


def graph(text: str, *by: str, **extra: Any) -> StateGraph:
    return mmcheck.state_graph(mmcheck.loads(text), by=by, **extra)


def naive(instance: Instance, states: set[State], key: Callable[[State], Any]) -> tuple[Any, ...]:
    """How many states each class has, how many are initial, how many steps there are between two."""
    dynamics = Dynamics.of(instance)
    initial = {s for s in initial_states(instance) if isinstance(s, tuple)} & states
    edges: Counter[Any] = Counter()
    for state in states:
        for step in dynamics.successors(state):
            if isinstance(step, Step) and step.target in states:
                edges[key(state), key(step.target), step.action.transition.name] += 1
    return Counter(map(key, states)), Counter(map(key, initial)), edges


def found(made: StateGraph) -> tuple[Any, ...]:
    values = [c.values for c in made.classes]
    return (
        Counter({c.values: c.states for c in made.classes}),
        Counter({c.values: c.initial for c in made.classes if c.initial}),
        Counter({(values[e.source], values[e.target], e.transition): e.steps for e in made.edges}),
    )


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(specs())
def test_random_specs(text: str) -> None:
    """Both the graph of all states, and its quotient by the first variable."""
    spec = mmcheck.loads(text)
    instance, truth = small_instance(spec, spec.checks[0])
    if not truth.depths or not instance.cells:
        return
    states = set(truth.depths)
    whole = mmcheck.state_graph(spec, most=len(states))
    assert found(whole) == naive(instance, states, lambda state: state), text
    assert {c.values: c.depth for c in whole.classes} == truth.depths, text
    first = instance.cells[0].variable
    part = mmcheck.state_graph(spec, by=[first], most=len(states))
    places = [i for i, cell in enumerate(instance.cells) if cell.variable == first]
    assert found(part) == naive(instance, states, lambda state: tuple(state[i] for i in places)), text


def test_a_quotient_by_an_expression() -> None:
    made = graph(BY_HAND, "level", "owner == null")
    classes = {c.values: c for c in made.classes}
    assert made.keys == ("level", "owner == null") and made.collapsed and not made.stopped
    assert {values: c.states for values, c in classes.items()} == {
        (0, True): 1,
        (1, False): 2,
        (1, True): 1,
        (2, False): 4,
        (2, True): 2,
    }
    assert [c.depth for c in made.classes] == [0, 1, 2, 3, 4]
    assert [(t.property, t.count) for t in classes[2, False].violating] == [("whole", 2)]
    assert [(t.property, t.count) for t in classes[2, False].goals] == [("high", 4)]
    assert classes[0, True].initial == 1 and not classes[0, True].violating
    bad = {(e.source, e.target, e.transition): e.violating for e in made.edges if e.violating}
    assert all(t.property == "stays_low" for tallies in bad.values() for t in tallies)
    # What was broken already stays so by a step that changes nothing, and that is no violation.
    assert {transition for _, _, transition in bad} == {"take", "give", "smash"}


def test_keys_of_every_type() -> None:
    text = """\
    enum Mode { idle, busy }
    sort Page = 2;
    struct Entry { bool dirty; 0..3 refs; }
    state { Mode mode; set Page held; Entry entry[Page]; Page? last; }
    transition hold(Page p) { held = {p}; last = p; mode = busy; entry[p].refs = 3; }
    """
    made = graph(text, "mode", "held", "entry", "last", "entry[last].refs", most=50)
    assert made.keys[1] == "held" and made.keys[2] == "entry[Page#0].dirty"
    # An index that is null has no value.
    assert made.classes[0].values[-1] is None
    assert {c.values[-1] for c in made.classes[1:]} == {3}
    assert made.states == len(made.classes)


def test_a_deadlock_and_a_model_error_are_told() -> None:
    made = graph("state { 0..2 n; } transition up() { n = n + 1; }")
    assert [(c.deadlocks, [t.property for t in c.violating]) for c in made.classes] == [
        (0, []),
        (0, []),
        (0, ["no model error"]),
    ]
    made = graph("state { 0..2 n; } transition up() { require n < 2; n = n + 1; }")
    assert [c.deadlocks for c in made.classes] == [0, 0, 1]


def test_what_an_assumption_excludes_is_not_there() -> None:
    made = graph("state { 0..5 n; } transition up() { require n < 5; n = n + 1; } assume low: n < 2;")
    assert [c.values for c in made.classes] == [(0,), (1,)] and made.steps == 1


def test_a_limit_is_told() -> None:
    made = graph(BY_HAND, "level", limits=mmcheck.Limits(max_states=2))
    assert made.stopped
    for format in FORMATS:
        assert "NOT ALL OF IT" in mmcheck.render_graph(made, format)


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (["nothing"], "E200"),
        (["level +"], "E100"),
        (["level; state { bool x; }"], "E100"),
        (["owner < owner"], "E302"),
        (["level'"], "E405"),
        ([], "E510"),
    ],
)
def test_what_cannot_be_drawn_is_told(by: list[str], code: str) -> None:
    with pytest.raises(mmcheck.SpecError) as caught:
        graph(BY_HAND, *by, most=3)
    assert code in {d.code for d in caught.value.diagnostics}
    assert all(d.remedy for d in caught.value.diagnostics)


def test_a_check_that_is_not_there() -> None:
    with pytest.raises(mmcheck.SpecError, match="E507"):
        graph(BY_HAND, check="defualt")


# --- formats ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> StateGraph:
    return graph(BY_HAND, "level", "owner == null")


def test_graphml_is_read_by_networkx(small: StateGraph, tmp_path: Path) -> None:
    path = tmp_path / "turns.graphml"
    path.write_text(mmcheck.render_graph(small, "graphml"), encoding="utf-8")
    read = networkx.read_graphml(path, node_type=int, force_multigraph=True)
    assert sum(states for _, states in read.nodes(data="states")) == small.states
    assert sum(steps for _, _, steps in read.edges(data="steps")) == small.steps
    assert read.nodes[0]["initial"] == 1 and read.nodes[0]["level"] == "0"
    assert len(read.edges) == len(small.edges)


def test_svg_has_every_node_and_arrow(small: StateGraph) -> None:
    root = ElementTree.fromstring(mmcheck.render_graph(small, "svg"))
    space = "{http://www.w3.org/2000/svg}"
    kinds = [g.get("class", "").split() for g in root.iter(f"{space}g")]
    assert sum("node" in kind for kind in kinds) == len(small.classes)
    assert sum("arrow" in kind for kind in kinds) == len({(e.source, e.target) for e in small.edges})
    assert sum("initial" in kind for kind in kinds) == 1
    assert ["node", "bad"] in kinds
    text = " ".join(root.itertext())
    assert "violates whole: 2" in text and "smash" in text


def test_dot_and_mermaid_have_every_node_and_arrow(small: StateGraph) -> None:
    arrows = len({(e.source, e.target) for e in small.edges})
    dot, mermaid = mmcheck.render_graph(small, "dot"), mmcheck.render_graph(small, "mermaid")
    assert len(re.findall(r"^  n\d+ \[label=", dot, re.M)) == len(small.classes)
    assert len(re.findall(r"^  n\d+ -> n\d+ \[", dot, re.M)) == arrows
    assert len(re.findall(r'^  n\d+(?:\[|\(\[)"', mermaid, re.M)) == len(small.classes)
    assert len(re.findall(r"^  n\d+ -->\|", mermaid, re.M)) == arrows
    assert "level = 0\\n" in dot and "level = 0<br/>" in mermaid


def test_nothing_breaks_out_of_a_format() -> None:
    made = graph("state { set 0..1 s; } transition t() { s = {1}; }", "s", "1 in s && !(s == {1, 0})")
    dot, mermaid = mmcheck.render_graph(made, "dot"), mmcheck.render_graph(made, "mermaid")
    assert "1 in s #38;#38; !#40;s == #123;1, 0#125;#41; = true" in mermaid
    assert not re.search(r"[{}&]", mermaid.partition("flowchart")[2].replace(":::", ""))
    assert '"s = {}\\n1 in s && !(s == {1, 0}) = false\\n1 state\\ninitial"' in dot
    ElementTree.fromstring(mmcheck.render_graph(made, "svg"))


def test_mermaid_has_its_title_as_yaml(small: StateGraph) -> None:
    _, head, _ = mmcheck.render_graph(small, "mermaid").split("---\n")
    assert yaml.safe_load(head) == {"title": "turns, check default: 10 states in 5 classes, 16 steps"}


def test_another_format_is_refused(small: StateGraph) -> None:
    with pytest.raises(ValueError, match="there is no format 'png'"):
        mmcheck.render_graph(small, "png")


def test_boxes_do_not_overlap() -> None:
    depths = [0, 1, 1, 2, 2, 2, 5]
    sizes = [(50.0 + 10 * i, 20.0 + i) for i in range(7)]
    arrows = [(0, 6), (6, 0), (1, 1), (2, 5), (5, 0), (3, 4)]
    made = layout(depths, sizes, arrows, [(40.0, 12.0)] * len(arrows))
    for i, one in enumerate(made.boxes):
        for other in made.boxes[i + 1 :]:
            apart_x = abs(one.x - other.x) >= (one.width + other.width) / 2
            apart_y = abs(one.y - other.y) >= (one.height + other.height) / 2
            assert apart_x or apart_y
    assert [len(way) for way in made.ways] == [2, 2, 0, 0, 1, 0]


def covering(picture: str) -> list[tuple[str, str]]:
    """The texts of arrows that stand on others, or on nodes."""
    space = "{http://www.w3.org/2000/svg}"
    boxes: list[tuple[str, float, float, float, float, bool]] = []
    for group in ElementTree.fromstring(picture).iter(f"{space}g"):
        kind = group.get("class", "").split()
        rect = group.find(f"{space}rect")
        if rect is not None and kind and kind[0] in ("node", "arrow"):
            x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
            text = " ".join(t.text or "" for t in group.iter(f"{space}text"))
            boxes.append((text, x, y, x + width, y + height, kind[0] == "arrow"))
    return [
        (one[0], other[0])
        for one, other in combinations(boxes, 2)
        if (one[5] or other[5])
        and min(one[3], other[3]) > max(one[1], other[1])
        and min(one[4], other[4]) > max(one[2], other[2])
    ]


@pytest.mark.parametrize("check", ["naive", "waits"])
def test_the_texts_of_arrows_do_not_cover_each_other(check: str) -> None:
    """Nor nodes: not even in a graph with some 150 arrows."""
    assert covering(mmcheck.render_graph(mmcheck.state_graph(mmcheck.load(str(SEAL)), check), "svg")) == []


# --- the command -----------------------------------------------------------------------------------------


def run(*words: str) -> Result:
    return CliRunner().invoke(command_line, ["graph", *words])


def test_the_command_writes_by_the_name_of_the_file(tmp_path: Path) -> None:
    for name, begin in (("a.svg", "<svg"), ("a.dot", "digraph"), ("a.mmd", "---"), ("a.graphml", "<?xml")):
        result = run(str(SEAL), "--by", "sealed, data", "-o", str(tmp_path / name))
        assert result.exit_code == 0 and result.stdout == ""
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)
        assert "mmcheck: OK: seal, check naive: 40 states in 4 classes, 192 steps" in result.stderr


def test_the_command_refuses_with_a_code(tmp_path: Path) -> None:
    result = run(str(SEAL), "--by", "nonsense")
    assert result.exit_code == 2 and "E200" in result.stderr and result.stdout == ""
    assert run("nowhere.mmc").exit_code == 2
    result = run(str(SEAL), "-o", str(tmp_path / "a.png"))
    assert result.exit_code == 2 and "--format" in result.stderr
    result = run(str(SEAL), "-o", str(tmp_path / "no" / "a.svg"))
    assert result.exit_code == 2 and "cannot write" in result.stderr


def test_the_command_draws_what_was_found_before_a_limit() -> None:
    result = run(str(SEAL), "--max-states", "5")
    assert result.exit_code == 3 and result.stdout.startswith("digraph")
    assert "mmcheck: UNKNOWN: " in result.stderr


def test_small_graphs_are_in_the_html_report() -> None:
    outcome = mmcheck.verify_file(str(SEAL), mmcheck.Options(graphs=40))
    drawn = [check.graph is not None for check in outcome.checks]
    # The second has 118 states without symmetry; scenarios are no search.
    assert drawn == [True, False, False]
    page = mmcheck.render_report(outcome, "html")
    assert page.count('class="state-graph"') == 1 and "State graph: seal, check naive: 40 states" in page
    assert all(check.graph is None for check in mmcheck.verify_file(str(SEAL)).checks)


def test_no_graph_replaces_a_spec(tmp_path: Path) -> None:
    spec = tmp_path / "seal.mmc"
    spec.write_bytes(SEAL.read_bytes())
    result = run(str(spec), "--check", "naive", "--format", "svg", "-o", str(spec))
    assert result.exit_code == 2 and "would be a spec by its name" in result.stderr
    assert spec.read_bytes() == SEAL.read_bytes()


def test_where_nothing_can_begin_nothing_is_drawn() -> None:
    text = "state { bool a; } init { require a; } transition t() { a = !a; }"
    with pytest.raises(mmcheck.SpecError, match="E504"):
        mmcheck.state_graph(mmcheck.loads(text))
