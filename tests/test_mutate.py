"""Mutation: what is left out, who notices, what is set aside, and how it is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from oracle import truth

import mmcheck
from mmcheck import session
from mmcheck.cli.group import mmcheck as command_line
from mmcheck.core.mutation import Fate, MutationOutcome
from mmcheck.engines.engine import Limits
from mmcheck.engines.explicit.difference import Difference, difference, reachable_states
from mmcheck.mutation.judge import Baseline, Judge
from mmcheck.mutation.mutants import Candidate, candidates
from mmcheck.mutation.run import Standing, UnknownMutantError
from mmcheck.session import Options
from mmcheck.syntax import ast

ROOT = Path(__file__).parent.parent


def mutants(text: str) -> list[tuple[str, str, str]]:
    """What is weakened in a spec, how, and the text that the mutant points at."""
    found = candidates(mmcheck.loads(text).program)
    return [(c.mutant.weakening.value, c.mutant.change, c.mutant.span.text) for c in found]


def guards(condition: str) -> list[str]:
    """What can be left out of a guard."""
    state = "sort P = 2; state { bool a; bool b; bool c; bool d[P]; }"
    text = f"{state} transition t() {{ require {condition}; }}"
    return [text for kind, _, text in mutants(text) if kind == "guard"]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return tmp_path / "spec.mmc"


def run(path: Path, text: str, **options: object) -> MutationOutcome:
    path.write_text(text, encoding="utf-8")
    return mmcheck.mutate(path, **options)  # type: ignore[arg-type]


def fates(outcome: MutationOutcome) -> dict[str, str]:
    """What became of each mutant, by the source text of what it changes."""
    return {o.mutant.span.text: o.fate.value for o in outcome.outcomes}


# --- what is weakened ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "left_out"),
    [
        ("a", ["require a;"]),
        ("a && b && c", ["a", "b", "c"]),
        ("a || b", ["require a || b;"]),
        ("!(a || b)", ["require !(a || b);", "a", "b"]),
        ("!(a && b)", ["require !(a && b);"]),
        ("a => b && c", ["require a => b && c;", "b", "c"]),
        ("!(a => b)", ["require !(a => b);", "a"]),
        ("(a || b) => c", ["require (a || b) => c;", "a", "b"]),
        ("(a && b) => c", ["require (a && b) => c;"]),
        ("a || b && c", ["require a || b && c;", "b", "c"]),
        ("forall P p: a && d[p]", ["require forall P p: a && d[p];", "a", "d[p]"]),
        ("exists P p where a: d[p]", ["require exists P p where a: d[p];", "a"]),
        ("forall P p where a: d[p]", ["require forall P p where a: d[p];"]),
        ("!exists P p: a || d[p]", ["require !exists P p: a || d[p];", "a", "d[p]"]),
        ("!forall P p where a: b", ["require !forall P p where a: b;", "a"]),
        ("(a ? b && c : a)", ["require (a ? b && c : a);", "b", "c"]),
    ],
)
def test_a_guard_gets_weaker_by_one_part(condition: str, left_out: list[str]) -> None:
    assert guards(condition) == left_out


@pytest.mark.parametrize(
    "condition",
    ["a && (b || c)", "!(a || b) && c", "a => b && c", "!(a => b)", "(a || b) => c", "(a ? b && c : b || c)"],
)
def test_what_is_left_of_a_guard_is_weaker(condition: str) -> None:
    """Where the guard holds, that of every mutant does: nothing that was reachable is lost."""
    declared = "bool a = any; bool b = any; bool c = any; bool stored;"
    text = f"state {{ {declared} }} transition t() {{ require {condition}; stored = true; }}"

    def reachable(spec: session.Spec) -> set[object]:
        _, instance = session.instantiate(spec, spec.checks[0])
        return set(truth(instance).depths)

    spec = mmcheck.loads(text)
    before = reachable(spec)
    weaker = [c.program for c in candidates(spec.program) if c.mutant.weakening.value == "guard"]
    assert weaker
    assert all(before < reachable(session.of_program(program)) for program in weaker)


def test_statements_that_are_left_out() -> None:
    text = """
        sort P = 2;
        state { bool a; bool d[P]; P? p; }
        transition t() {
            choose P q where d[q] && a;
            d[q] = false;
            reset a, p;
            forall P r where r != q { d[r] = a; }
            if (a) { p = q; d[q] = true; } else { p = null; }
        }
    """
    assert mutants(text) == [
        ("guard", "left out", "d[q]"),
        ("guard", "left out", "a"),
        ("assignment", "left out", "d[q] = false;"),
        ("assignment", "not reset", "a"),
        ("assignment", "not reset", "p"),
        ("guard", "left out", "r != q"),
        ("assignment", "left out", "d[r] = a;"),
        ("branch", "always true", "a"),
        ("branch", "always false", "a"),
        ("assignment", "left out", "p = q;"),
        ("assignment", "left out", "d[q] = true;"),
        ("assignment", "left out", "p = null;"),
    ]


def test_steps_jumps_and_fairness() -> None:
    text = """
        state { bool a; }
        strong fair transition t() { a = !a; }
        fair process q() {
            step one { require a; a = false; }
            fair step two { if (a) { goto one; } exit; }
        }
    """
    assert mutants(text) == [
        ("fairness", "weak instead of strong", "strong fair"),
        ("fairness", "left out", "strong fair"),
        ("assignment", "left out", "a = !a;"),
        ("fairness", "left out", "fair"),
        ("step", "passed over", "step one"),
        ("guard", "left out", "require a;"),
        ("assignment", "left out", "a = false;"),
        ("fairness", "left out", "fair"),
        ("step", "passed over", "fair step two"),
        ("branch", "always true", "a"),
        ("jump", "left out", "goto one;"),
        ("jump", "left out", "exit;"),
    ]


def test_conditions_that_constants_decide_choose_alternatives() -> None:
    text = """
        const bool waits = true;
        state { bool a; }
        def does_wait() = waits;
        transition t() { require waits; require does_wait() && a; if (!waits) { a = true; } }
    """
    assert mutants(text) == [("guard", "left out", "a"), ("assignment", "left out", "a = true;")]


def test_properties_scenarios_and_initial_states_stay() -> None:
    text = """
        state { bool a; bool b; }
        init { require !a && !b; b = true; }
        def both() = a && b;
        invariant i: !(a && both());
        scenario s() { assert !a && b; }
        assume fine: !a && b;
    """
    assert mutants(text) == []


SHARED_DEF = """
sort P = 2;
state { bool used[P]; bool held[P]; bool freed[P]; }
def in_use(P p) = used[p] || held[p];
def is_idle(P p) = !in_use(p);
transition use(P p) { require !freed[p]; used[p] = true; }
transition hold(P p) { require !freed[p]; held[p] = true; }
transition free(P p) { require is_idle(p); freed[p] = true; }
invariant freed_pages_are_idle(P p): freed[p] => is_idle(p);
"""


def test_a_def_is_weaker_in_the_design_only(spec: Path) -> None:
    """Were the property to use the weaker def too, it would not notice."""
    outcome = run(spec, SHARED_DEF)
    by_text = {o.mutant.span.text: o for o in outcome.outcomes if o.mutant.within == "in_use"}
    assert set(by_text) == {"used[p]", "held[p]"}
    assert all(o.kill and o.kill.property == "freed_pages_are_idle" for o in by_text.values())


def test_a_mutant_differs_in_one_declaration() -> None:
    program = mmcheck.load(ROOT / "specs" / "dax_remap.mmc").program
    for candidate in candidates(program):
        pairs = zip(program.declarations, candidate.program.declarations, strict=True)
        assert sum(a != b for a, b in pairs) == 1, candidate.mutant
        assert candidate.mutant.span.text


def test_imported_models_are_weakened_unless_left_out() -> None:
    program = mmcheck.load(ROOT / "specs" / "dax_remap.mmc").program
    files = [c.mutant.span.file.name for c in candidates(program)]
    assert {Path(name).name for name in files} == {"dax.mmc", "dax_remap.mmc"}
    own = candidates(program, imports=False)
    assert {c.mutant.span.file.name for c in own} == {program.source.name}
    assert len(own) == files.count(program.source.name)


def test_names_are_places_and_unique() -> None:
    found = candidates(mmcheck.load(ROOT / "specs" / "memfd_seal.mmc").program)
    names = [c.mutant.id for c in found]
    assert len(set(names)) == len(names)
    for candidate in found:
        span = candidate.mutant.span
        assert candidate.mutant.id.split(".")[0] == f"{Path(span.file.name).stem}:{span.line}:{span.column}"


def test_overridden_declarations_are_not_weakened() -> None:
    program = mmcheck.load(ROOT / "specs" / "dax_remap.mmc").program
    within = {c.mutant.within for c in candidates(program) if "blocks" in c.mutant.span.file.name}
    assert not within & {"write", "clone"}
    assert any(isinstance(d, ast.TransitionDecl) and d.name.name == "clone" for d in program.declarations)


# --- who notices -----------------------------------------------------------------------------------------

LOCK = """
state { bool held; 0..2 inside; bool seen; }
transition enter() { require !held; held = true; inside = inside + 1; }
transition leave() { require held; held = false; inside = inside - 1; }
transition look() { require held; seen = true; }
"""


@pytest.mark.parametrize(
    ("rest", "killed"),
    [
        ("invariant one: inside <= 1;", {"require !held;": "one"}),
        ("reachable entered: inside == 1;", {"inside = inside + 1;": "no model error"}),
        ("reachable two: inside == 2; check c { expect violated two; }", {"require !held;": "two"}),
        ("scenario s() { blocked look(); enter(); look(); }", {"held = true;": "s"}),
        ("invariant dark: !seen; check c { expect violated dark in 2 steps; }", {"seen = true;": "dark"}),
    ],
)
def test_who_notices(spec: Path, rest: str, killed: dict[str, str]) -> None:
    outcome = run(spec, LOCK + rest)
    assert outcome.diagnostics == ()
    kills = {o.mutant.span.text: o.kill for o in outcome.outcomes}
    for text, name in killed.items():
        kill = kills[text]
        assert kill is not None and kill.property == name


def test_another_length_of_a_counterexample_is_noticed(spec: Path) -> None:
    text = LOCK + "invariant dark: !seen; check c { expect violated dark in 2 steps; }"
    outcome = run(spec, text, ids=["spec:5:21"])
    (only,) = outcome.outcomes
    assert only.fate is Fate.KILLED and only.kill is not None
    assert only.kill.found == "violated in 1 step instead of 2"


def test_a_mutant_that_is_no_spec_any_more_is_killed_by_an_error() -> None:
    spec = mmcheck.loads(LOCK + "invariant one: inside <= 1;")
    without_state = tuple(d for d in spec.program.declarations if not isinstance(d, ast.StateBlock))
    mutant = candidates(spec.program)[0].mutant
    broken = Candidate(mutant, replace(spec.program, declarations=without_state))
    outcome = Judge(spec, Baseline.of(mmcheck.verify(spec)), Options()).judge(broken)
    assert outcome.fate is Fate.KILLED and outcome.kill is not None
    assert (outcome.kill.check, outcome.kill.property) == ("", "")
    assert outcome.kill.found.startswith("E200: ")


def test_all_checks_are_asked_before_a_mutant_survives(spec: Path) -> None:
    text = """
        const bool on = false;
        state { bool a; }
        transition t() { if (on) { a = true; } }
        invariant never: !a;
        check off { }
        check with { on = true; expect violated never in 1 steps; }
    """
    outcome = run(spec, text)
    (only,) = [o for o in outcome.outcomes if o.mutant.span.text == "a = true;"]
    assert only.fate is Fate.KILLED and only.kill is not None and only.kill.check == "with"
    assert only.verified == ("with",)


# --- what makes no difference ----------------------------------------------------------------------------


def test_equivalent_mutants_are_set_aside(spec: Path) -> None:
    text = """
        sort P = 2;
        state { bool a[P]; bool b; bool c; }
        transition touch(P p) { require !b && !(b && c); a[p] = true; }
        transition seal() { require !b; b = true; }
        transition again(P p) { require a[p]; require c => b; a[p] = true; }
        step invariant sealed(P p): b => a'[p] == a[p];
        reachable touched_before_the_seal(P p): a[p] && b;
    """
    outcome = run(spec, text)
    told = {(o.mutant.within, o.mutant.span.text): (o.fate.value, o.reason) for o in outcome.outcomes}
    assert told == {
        ("touch", "!b"): ("killed", ""),
        ("touch", "!(b && c)"): ("equivalent", ""),
        ("touch", "a[p] = true;"): ("killed", ""),
        ("seal", "require !b;"): ("equivalent", "only steps that change nothing differ"),
        ("seal", "b = true;"): ("killed", ""),
        ("again", "require a[p];"): ("killed", ""),
        ("again", "require c => b;"): ("equivalent", ""),
        ("again", "a[p] = true;"): ("equivalent", ""),
    }


def test_comparison_is_that_of_the_whole_graphs() -> None:
    """What `difference` says about the states of one system is what the oracle says about both graphs."""
    again = "transition again(P p) { require freed[p] && used[p]; used[p] = true; }"
    spec = mmcheck.loads(SHARED_DEF + again)
    _, one = session.instantiate(spec, spec.checks[0])
    states = reachable_states(one, 1000)
    assert states is not None
    seen = set()
    for candidate in candidates(spec.program):
        changed = session.of_program(candidate.program)
        _, other = session.instantiate(changed, changed.checks[0])
        names = frozenset(t.name for t in one.system.transitions)
        found = difference(states, one, other, names)
        same = truth(one).depths == truth(other).depths
        assert same or found is Difference.STEPS, candidate.mutant
        seen.add(found)
    assert seen == {Difference.NONE, Difference.STUTTERING, Difference.STEPS}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("require a; b = true;", Difference.NONE),
        ("require a; b = true; require b;", Difference.NONE),
        ("b = true;", Difference.STEPS),
        ("require a || !a && b; b = true;", Difference.STUTTERING),
        ("require a; choose P p; b = (b || p == one);", Difference.BESIDE),
        ("require a; b = true; assert c != 3;", Difference.NONE),
        ("require a; b = true; assert c != 0;", Difference.STEPS),
    ],
)
def test_how_two_actions_differ(body: str, expected: Difference) -> None:
    text = """
        sort P = 2;
        state {{ bool a = any; bool b = any; P one = any; 0..3 c; }}
        transition t() {{ {} }}
        transition u() {{ b = false; }}
        transition v() {{ require a; b = true; a = false; }}
    """
    specs = [mmcheck.loads(text.format(code)) for code in ("require a; b = true;", body)]
    one, other = (session.instantiate(spec, spec.checks[0])[1] for spec in specs)
    states = reachable_states(one, 1000)
    assert states is not None
    assert difference(states, one, other, frozenset({"t"})) is expected


def test_states_are_those_of_the_search() -> None:
    """With assumptions, choices and symmetry, or without."""
    for text in (
        SHARED_DEF + "assume few: (count P p: used[p]) <= 1;",
        SHARED_DEF.replace("sort P = 2", "sort P = 3"),
        COUNTER % ("", "", ""),
        "sort P = 3; state { P? p; bool d[P]; }"
        "transition t() { choose P q where q != p; p = q; d[q] = true; }",
    ):
        spec = mmcheck.loads(text)
        (check,) = mmcheck.verify(spec).checks
        states = reachable_states(check.instance, 10_000)
        assert states is not None and len(states) == check.statistics.states


def test_more_states_than_can_be_compared() -> None:
    spec = mmcheck.loads(SHARED_DEF)
    _, instance = session.instantiate(spec, spec.checks[0])
    states = reachable_states(instance, 1000)
    assert states is not None and len(states) == len(set(map(tuple, states.tolist())))
    assert reachable_states(instance, len(states) - 1) is None


def test_fairness_that_no_liveness_uses_makes_no_difference(spec: Path) -> None:
    text = "state { bool a; } fair transition t() { require !a; a = true; } reachable r: a;"
    outcome = run(spec, text)
    assert fates(outcome)["fair"] == "equivalent"


def test_fairness_under_liveness_is_never_equivalent(spec: Path) -> None:
    text = """
        state { bool a; }
        fair transition t() { require !a; a = true; }
        transition u() { require a; a = false; }
        liveness l: eventually a;
    """
    outcome = run(spec, text + "check c { expect unknown l; }")
    if outcome.diagnostics:  # there is a verdict, and it is another one
        outcome = run(spec, text)
    assert outcome.diagnostics == ()
    assert fates(outcome)["fair"] in ("undecided", "killed")


# --- limits, excuses, errors -----------------------------------------------------------------------------

COUNTER = """
state { 0..9 n; 0..3 hits; }
transition up() {
    require n < 9;
    n = n + 1;
    %s
    hits = (hits < 3 ? hits + 1 : 3); %s
}
invariant few: n <= 9;
reachable top: n == 9;
%s
"""


def test_a_survivor_may_be_excused(spec: Path) -> None:
    outcome = run(spec, COUNTER % ("// survives: a statistic,\n    // for people", "", ""))
    (excused,) = outcome.of(Fate.EXCUSED)
    assert excused.reason == "a statistic, for people" and outcome.warnings == ()
    (excused,) = run(spec, COUNTER % ("", "// survives: a statistic", "")).of(Fate.EXCUSED)
    assert excused.reason == "a statistic"
    (survivor,) = run(spec, COUNTER % ("/// survives: no comment", "", "")).of(Fate.SURVIVED)
    assert survivor.mutant.within == "up"


@pytest.mark.parametrize(
    ("above", "message"),
    [
        ("// survives: it is killed\n    require n < 9;", "no mutant that this could excuse survives"),
        ("// survives:", "an excuse without a reason"),
        ("let m = n;    // survives: no mutant here", "there is no mutant for this excuse"),
    ],
)
def test_an_excuse_that_excuses_nothing_is_reported(spec: Path, above: str, message: str) -> None:
    text = COUNTER % (above, "", "")
    if "killed" in above:
        text = text.replace("    require n < 9;\n    n = n + 1;\n", "").replace("n < 9;", "n < 9; n = n + 1;")
    outcome = run(spec, text)
    assert [(w.code, w.message) for w in outcome.warnings] == [("W604", message)]


def test_excuses_are_not_judged_by_a_part_of_the_run(spec: Path) -> None:
    text = COUNTER % ("let m = n;    // survives: no mutant here", "", "")
    assert run(spec, text, ids=["spec:4:5"]).warnings == ()


def test_a_limit_leaves_a_mutant_undecided(spec: Path) -> None:
    text = COUNTER % ("", "", "")
    outcome = run(spec, text, options=Options(limits=Limits(max_states=10)))
    assert outcome.diagnostics == ()
    assert outcome.of(Fate.UNDECIDED) and not outcome.of(Fate.SURVIVED)
    assert all("limit" in o.reason or "too many" in o.reason for o in outcome.of(Fate.UNDECIDED))


def test_a_spec_that_is_not_as_it_expects_is_not_mutated(spec: Path) -> None:
    outcome = run(spec, "state { bool a; } transition t() { a = true; } invariant i: !a;")
    assert [d.code for d in outcome.diagnostics] == ["E509"] and outcome.outcomes == ()
    assert [d.code for d in run(spec, "state { bool a }").diagnostics] == ["E101"]


def test_an_unknown_mutant(spec: Path) -> None:
    with pytest.raises(UnknownMutantError, match="no mutant 'nope'"):
        run(spec, LOCK, ids=["nope"])


def test_progress_is_told(spec: Path) -> None:
    seen: list[Standing] = []
    outcome = run(spec, LOCK + "invariant one: inside <= 1;", watch=seen.append)
    assert [s.done for s in seen] == list(range(1, len(outcome.mutants) + 1))
    assert seen[-1].survived == len(outcome.of(Fate.SURVIVED)) > 0


def test_an_interrupted_run_tells_what_it_knows(spec: Path) -> None:
    def stop(standing: Standing) -> None:
        if standing.done == 2:
            raise KeyboardInterrupt

    outcome = run(spec, LOCK, watch=stop)
    assert outcome.interrupted and len(outcome.outcomes) == 2 < len(outcome.mutants)


# --- the command -----------------------------------------------------------------------------------------


def command(*args: str) -> Result:
    return CliRunner().invoke(command_line, ["mutate", "--jobs", "1", *args])


def last_line(result: Result) -> str:
    return result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "args", "code", "line"),
    [
        (LOCK, [], 1, "mmcheck: FAIL: 8 mutants: "),
        (
            COUNTER % ("// survives: a statistic", "", ""),
            [],
            0,
            "mmcheck: OK: 3 mutants: 2 killed, 1 excused",
        ),
        (COUNTER % ("", "", ""), ["--max-states", "10"], 3, "mmcheck: UNKNOWN: 3 mutants: "),
        ("invariant i: false;", [], 2, "mmcheck: ERROR: 1 error"),
        (LOCK, ["--list"], 0, "mmcheck: OK: 8 mutants listed"),
        (LOCK, ["--mutant", "nope"], 2, "mmcheck: ERROR: there is no mutant 'nope'; --list shows all"),
        (LOCK, ["--check", "nope"], 2, "mmcheck: ERROR: 1 error"),
    ],
)
def test_exit_codes(spec: Path, text: str, args: Sequence[str], code: int, line: str) -> None:
    spec.write_text(text, encoding="utf-8")
    result = command(str(spec), *args)
    assert result.exit_code == code, result.output
    assert last_line(result).startswith(line)


def test_survivors_are_shown_by_line_with_their_source(spec: Path) -> None:
    spec.write_text(LOCK + "invariant one: inside <= 1;", encoding="utf-8")
    result = command(str(spec), "--quiet", "--width", "100")
    lines = result.stdout.splitlines()
    source = "        5 | transition look() { require held; seen = true; }"
    assert lines[0] == "  survived" and lines[1].endswith("spec.mmc:5: in look")
    assert lines[2:] == [
        source,
        "          |                     ^^^^^^^^^^^^^",
        "            spec:5:21  guard left out",
        source,
        "          |                                   ^^^^^^^^^^^^",
        "            spec:5:35  assignment left out",
    ]


def test_one_mutant_is_shown_with_its_counterexample(spec: Path) -> None:
    spec.write_text(LOCK + "invariant one: inside <= 1;", encoding="utf-8")
    result = command(str(spec), "--mutant", "spec:3:22")
    assert result.exit_code == 0
    assert "killed by one in check default: violated in 2 steps" in result.stdout
    assert "counterexample to one in 2 steps:" in result.stdout
    assert "inside" in result.stdout.split("step ")[1]


def test_json(spec: Path) -> None:
    spec.write_text(LOCK + "invariant one: inside <= 1;", encoding="utf-8")
    result = command(str(spec), "--format", "json")
    document = json.loads(result.stdout)
    assert document["exit_code"] == result.exit_code == 1
    assert document["summary"] == last_line(result)
    (found,) = document["specs"]
    assert found["name"] == "spec" and sum(found["counts"].values()) == len(found["mutants"]) == 8
    killed = next(m for m in found["mutants"] if m["id"] == "spec:3:22")
    assert killed["killed_by"] == {"check": "default", "property": "one", "found": "violated in 2 steps"}
    assert (killed["fate"], killed["weakening"], killed["change"]) == ("killed", "guard", "left out")
    assert (killed["within"], killed["source"], killed["checks"]) == ("enter", "require !held;", ["default"])
    assert killed["position"]["line"] == 3 and killed["position"]["column"] == 22
    listed = json.loads(command(str(spec), "--list", "--format", "json").stdout)
    assert [m["fate"] for m in listed["specs"][0]["mutants"]] == [None] * 8


def test_several_processes_find_the_same(spec: Path) -> None:
    text = LOCK + "invariant one: inside <= 1;"
    alone, both = run(spec, text), run(spec, text, jobs=2)
    assert fates(alone) == fates(both)
    assert [o.kill for o in alone.outcomes] == [o.kill for o in both.outcomes]


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_ctrl_c_ends_the_processes_and_shows_what_is_known() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mmcheck", "mutate", "specs/dax_remap.mmc"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    assert process.stderr is not None
    process.stderr.readline()  # the first sign of life
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err.decode()
    assert b"not looked at" in out and b"Traceback" not in err
    assert err.decode().splitlines()[-1].startswith("mmcheck: INTERRUPTED: ")


# --- the shipped specs -----------------------------------------------------------------------------------


def test_the_guards_of_a_shipped_spec_are_noticed() -> None:
    path = ROOT / "specs" / "memfd_seal.mmc"
    wanted = {"mapping[t] == writable": "pin", "may_write()": "write"}
    found = candidates(mmcheck.load(path).program)
    ids = [c.mutant.id for c in found if wanted.get(c.mutant.span.text) == c.mutant.within]
    outcome = mmcheck.mutate(path, Options(checks=("scenarios", "waits_for_pins_that_end")), ids=ids)
    assert [o.mutant.id for o in outcome.outcomes] == ids and len(ids) == 2
    assert {o.fate for o in outcome.outcomes} == {Fate.KILLED}


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", ["memfd_seal", "dax_remap"])
def test_shipped_specs_notice_every_mutant(name: str) -> None:
    outcome = mmcheck.mutate(ROOT / "specs" / f"{name}.mmc", jobs=2)
    assert outcome.diagnostics == () and outcome.warnings == ()
    assert [o.mutant.id for o in outcome.of(Fate.SURVIVED)] == []
