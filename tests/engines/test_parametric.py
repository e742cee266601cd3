"""What is proved for every size holds at every size, and what is broken is not proved."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from agreement import ways_to_begin
from hypothesis import HealthCheck, Phase, assume, given, settings
from msgspec.structs import replace
from oracle import TooLargeError, truth
from strategies import specs

import mmcheck
from mmcheck import session
from mmcheck.cli.group import mmcheck as command
from mmcheck.core.certify import CertificationError
from mmcheck.core.check import Check, Expectation
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import CheckOutcome
from mmcheck.core.size import excesses
from mmcheck.core.system import Invariant, StepInvariant
from mmcheck.core.verdict import EverySize, Proved, Unknown, Violated
from mmcheck.engines.certificates import recheck_certificates
from mmcheck.engines.engine import Limits, Preferences
from mmcheck.engines.parametric.certificate import Prover
from mmcheck.engines.parametric.engine import ParametricEngine

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.mmc"))
PARAMETRIC = session.Options(engine="parametric")

LOCKS = """
sort Task = 2; sort Lock = 1;
state { Task? owner[Lock]; bool holds[Task][Lock]; bool busy; }
transition take(Task t, Lock l) { require owner[l] == null; owner[l] = t; holds[t][l] = true; }
transition drop(Task t, Lock l) { require holds[t][l]; owner[l] = null; holds[t][l] = false; }
transition work(Task t) { require exists Lock l: holds[t][l]; busy = true; }
"""


def judged(text: str, name: str = "default") -> CheckOutcome:
    spec = mmcheck.loads(text)
    check = next(c for c in spec.checks if c.name == name)
    return session.verify_check(spec, check, PARAMETRIC)


def verdicts(outcome: CheckOutcome) -> dict[str, object]:
    return {p.prop.name: p.verdict for p in outcome.properties}


def evidence(outcome: CheckOutcome, name: str) -> EverySize:
    verdict = verdicts(outcome)[name]
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, EverySize)
    return verdict.evidence


EXCLUSIVE = "invariant exclusive(Task t, Task u, Lock l): holds[t][l] && holds[u][l] => t == u;"


def test_lemmas_are_found_and_certified() -> None:
    found = evidence(judged(LOCKS + EXCLUSIVE), "exclusive")
    assert found.sorts == ("Task", "Lock")
    assert found.fixed == ()


def test_what_a_lemma_is_missing_from_is_refused() -> None:
    outcome = judged(LOCKS + EXCLUSIVE)
    found = evidence(outcome, "exclusive")
    prop = next(p.prop for p in outcome.properties if p.prop.name == "exclusive")
    prover = Prover(outcome.instance.system, tuple(p.prop.name for p in outcome.properties))
    prover.prove(prop, found)
    refused = 0
    for i in range(len(found.lemmas)):
        lemmas, texts = list(found.lemmas), list(found.texts)
        del lemmas[i], texts[i]
        try:
            prover.prove(prop, replace(found, lemmas=tuple(lemmas), texts=tuple(texts), reasons=()))
        except CertificationError:
            refused += 1
    assert refused
    with pytest.raises(CertificationError):
        prover.prove(prop, replace(found, lemmas=(), texts=(), reasons=()))
    with pytest.raises(CertificationError, match="reasons"):
        prover.prove(prop, replace(found, lemmas=(), texts=()))
    prover.prove(prop, replace(found, reasons=()))
    # A reason that says too little is no proof.
    bare = tuple(replace(reason, known=()) for reason in found.reasons)
    with pytest.raises(CertificationError):
        prover.prove(prop, replace(found, reasons=bare))
    with pytest.raises(CertificationError, match="sorts"):
        prover.prove(prop, replace(found, sorts=("Task",)))


def test_it_is_violated_at_another_size_only() -> None:
    """Two elements cannot be told from each other where there is one."""
    outcome = judged(
        "sort Page = 1; state { bool a[Page]; } transition mark(Page p) { a[p] = true; }"
        "invariant same(Page p, Page q): a[p] == a[q];"
    )
    verdict = verdicts(outcome)["same"]
    assert isinstance(verdict, Proved) and not isinstance(verdict.evidence, EverySize)
    note = next(p.note for p in outcome.properties if p.prop.name == "same")
    assert note == "it is violated with Page = 2"


def test_no_initial_state_proves_nothing() -> None:
    with pytest.raises(mmcheck.SpecError, match="E504"):
        judged("sort P = 2; state { bool x; } init { require x; } invariant fine: !x;")
    outcome = judged(
        "sort P = 2; state { bool x; P a = any; P b = any; P c = any; }"
        "init { require a != b && a != c && b != c && false; } invariant fine: !x;".replace(
            " && false", ""
        ).replace("sort P = 2", "sort P = 3")
    )
    assert evidence(outcome, "fine").example == (("P", 3),)


@pytest.mark.parametrize("engine", ["parametric", "auto"])
def test_a_system_that_never_takes_a_step_is_told(engine: str) -> None:
    spec = mmcheck.loads(
        "sort P = 2; state { bool on[P]; } transition never(P p) { require on[p]; on[p] = false; }"
        "invariant fine: forall P p: !on[p];"
    )
    options = session.Options(engine=engine, preferences=Preferences(every_size=True))
    outcome = session.verify_check(spec, spec.checks[0], options)
    assert evidence(outcome, "fine").sorts == ("P",)
    assert [w.code for w in outcome.warnings] == ["W600"]


def test_a_sort_that_is_counted_keeps_its_size() -> None:
    outcome = judged(
        "sort T = 2; sort U = 3; state { bool inside[T]; bool seen[U]; 0..9 n; }"
        "transition enter(T t) { require !inside[t]; inside[t] = true; n = count T u: inside[u]; }"
        "transition see(U u) { seen[u] = true; }"
        "invariant few: n <= 2;"
    )
    found = evidence(outcome, "few")
    assert found.sorts == ("U",)
    assert [(f.sort, f.size) for f in found.fixed] == [("T", 2)]


def test_a_sort_keeps_its_size_only_for_what_counts_it() -> None:
    spec = mmcheck.loads(LIMITED)
    found = verdicts(session.verify_check(spec, spec.checks[0], PARAMETRIC))
    few, marked = found["few"], found["marked"]
    assert isinstance(few, Proved) and isinstance(few.evidence, EverySize)
    assert few.evidence.sorts == ("P",) and few.evidence.fixed[0].sort == "T"
    assert isinstance(marked, Proved) and isinstance(marked.evidence, EverySize)
    assert marked.evidence.sorts == ("T", "P") and not marked.evidence.fixed


def test_a_bug_at_another_size_is_told_beside_a_property_that_counts() -> None:
    """A size that is fixed for one property hides no bug of another."""
    spec = mmcheck.loads(LIMITED + "invariant two: (count T t: t in m) <= 2;")
    outcome = session.verify_check(spec, spec.checks[0], PARAMETRIC)
    two = next(p for p in outcome.properties if p.prop.name == "two")
    assert isinstance(two.verdict, Proved) and not isinstance(two.verdict.evidence, EverySize)
    assert "it is violated with T = 3" in two.note


def test_small_counts_are_said_with_quantifiers() -> None:
    outcome = judged(
        "sort T = 2; state { bool inside[T]; }"
        "transition enter(T t) { require (count T u: inside[u]) < 2; inside[t] = true; }"
        "invariant two: (count T u: inside[u]) <= 2;"
    )
    assert evidence(outcome, "two").sorts == ("T",)


def test_what_is_outside_is_told_and_judged_for_the_size() -> None:
    outcome = judged(
        "sort T = 2; state { 0..200 n; bool b[T]; } transition up() { require n < 200; n = n + 1; }"
        "invariant small: n <= 200;"
    )
    assert [w.code for w in outcome.warnings] == ["W607"]
    verdict = verdicts(outcome)["small"]
    assert not (isinstance(verdict, Proved) and isinstance(verdict.evidence, EverySize))


def test_null_is_no_number_of_elements() -> None:
    outcome = judged(
        "sort T = 2; state { bool inside[T]; 0..3? n; } transition clear() { n = null; }"
        "transition enter(T t) { inside[t] = true; n = 0; }"
        "invariant only_zero: n == (count T t: inside[t]) => n == 0;"
        "invariant not_all: n != (count T t: inside[t]) || n != null;"
    )
    assert evidence(outcome, "only_zero").sorts == ("T",)
    assert evidence(outcome, "not_all").sorts == ("T",)


def test_all_that_is_outside_is_told_at_once() -> None:
    outcome = judged("sort T = 2; state { 0..200 n; 0..900 m[T]; 0..9 k; } invariant fine: true;")
    assert [w.message.split()[-1] for w in outcome.warnings] == ["0..200", "0..900"]


def test_a_part_of_the_time_limit_is_not_told() -> None:
    spec = mmcheck.loads("state { 0..999 n; } transition up() { n = n + 1; } invariant small: n < 900;")
    _, instance = session.instantiate(spec, spec.checks[0])
    answer = ParametricEngine().check(instance, ("small",), Limits(timeout=1.25), lambda p: None)
    assert answer.verdicts["small"] == Unknown("the time limit of 1.25 s was reached")


def test_certificates_are_written_and_asked_again(tmp_path: Path) -> None:
    spec = mmcheck.loads(LOCKS + EXCLUSIVE, "locks")
    options = replace(PARAMETRIC, certificates=tmp_path)
    session.verify_check(spec, spec.checks[0], options)
    found = list(recheck_certificates(tmp_path))
    assert {r.prop for r in found} == {"no model error", "exclusive"}
    assert [r.problems for r in found] == [(), ()]
    script = next(tmp_path.rglob("exclusive/consecution_take-1.smt2"))
    text = script.read_text()
    at = text.rindex("(assert")
    script.write_text(text[:at] + "(assert true)\n(check-sat)\n")
    assert any(r.problems for r in recheck_certificates(tmp_path))


def test_lemmas_say_which_transitions_need_them() -> None:
    seal = mmcheck.load(ROOT / "docs" / "examples" / "seal.mmc")
    check = next(c for c in seal.checks if c.name == "waits")
    proved = verdicts(session.verify_check(seal, check, PARAMETRIC))["sealed_data_stays"]
    assert isinstance(proved, Proved) and isinstance(proved.evidence, EverySize)
    needing = dict(zip(proved.evidence.texts, proved.evidence.needed_by, strict=True))
    assert needing == {
        "forall Task t: !(mapped[t] && sealed)": ("pin",),
        "forall Task t: !(pinned[t] && sealed)": ("dma",),
    }


LIMITED = """
sort T = 2; sort P = 2;
state { set T m; bool x[P]; 0..3 n; }
transition join(T t) { m = m | {t}; }
transition mark(P p) { require !x[p] && n < 3; x[p] = true; n = n + 1; }
invariant few: count(m) <= 4;
invariant marked: n == 0 => forall P p: !x[p];
"""
WIDE = "invariant wide: forall 0..100 i: i >= n || n <= 3;"


def proving(text: str, path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    path.write_text(text)
    with pytest.raises(SystemExit) as ended:
        command.main(["prove", str(path)], prog_name="mmcheck")
    shown = capsys.readouterr()
    return ended.value.code, " ".join((shown.out + shown.err).split())


def test_proving_names_sorts_that_keep_their_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`few` is violated with five elements, so that it must not be called inductive for every size."""
    code, shown = proving(LIMITED, tmp_path / "limited.mmc", capsys)
    limit = ", but for T = 2 (its elements are counted)"
    assert code == 0
    assert f"all are inductive together{limit}" in shown
    assert f"2 of 2 invariants inductive for every size{limit}, in 1 check" in shown


def test_proving_names_what_it_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = proving(LIMITED + WIDE, tmp_path / "wide.mmc", capsys)
    assert code == 3
    assert shown.count("W607") == 1 and "2 of 3 invariants" in shown and "all are inductive" not in shown


def test_proving_about_no_initial_state_proves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "sort T = 2; state { T a = any; bool bad; } assume never: bad; invariant impossible: false;"
    code, shown = proving(text, tmp_path / "nothing.mmc", capsys)
    assert code == 3
    assert "no initial state" in shown and "inductive together" not in shown


def test_what_is_outside_is_told_once() -> None:
    spec = mmcheck.loads(LIMITED + WIDE)
    outcome = session.verify_check(spec, spec.checks[0], PARAMETRIC)
    assert [w.code for w in outcome.warnings] == ["W607"]


def test_a_time_limit_is_kept() -> None:
    spec = mmcheck.loads(LOCKS + EXCLUSIVE)
    _, instance = session.instantiate(spec, spec.checks[0])
    answer = ParametricEngine().check(instance, ("exclusive",), Limits(timeout=0.0), lambda p: None)
    verdict = answer.verdicts["exclusive"]
    assert isinstance(verdict, Unknown) and verdict.limit


def test_lemmas_pasted_into_the_spec_prove_it_by_plain_induction() -> None:
    spec = mmcheck.load(ROOT / "specs" / "memfd_seal.mmc")
    check = next(c for c in spec.checks if c.name == "merged")
    names = ("sealed_pages_cannot_change", "sealed_pages_are_not_pinned")
    outcome = session.verify_check(spec, replace(check, properties=names), PARAMETRIC)
    texts = {t for name in names for t in evidence(outcome, name).texts if not t.isidentifier()}
    assert texts
    pasted = (
        spec.program.source.text
        if hasattr(spec.program, "source")
        else (ROOT / "specs/memfd_seal.mmc").read_text()
    )
    pasted += "".join(f"\ninvariant lemma_{i}: {text};" for i, text in enumerate(sorted(texts)))
    copy = mmcheck.loads(pasted, str(ROOT / "specs" / "memfd_seal_copy.mmc"))
    check = next(c for c in copy.checks if c.name == "merged")
    options = session.Options(engine="kinduction", properties=names, limits=Limits(max_depth=1))
    outcome = session.verify_check(copy, replace(check, sizes={"Task": 2, "Page": 2}), options)
    assert all(isinstance(verdicts(outcome)[name], Proved) for name in names)


# --- honesty ---------------------------------------------------------------------------------------------


BROKEN = (
    ("dax_remap", "without_unmap"),
    ("dax_sync_fault", "enabled_before_the_flush"),
    ("gup_writeback", "as_is"),
    ("ksm_file_pages", "exclusive_fault_does_not_break"),
    ("memfd_isolate", "as_posted"),
    ("memfd_seal", "seal_ignores_pins"),
    ("overlay_copyup", "shared_downwards"),
    ("reflink_page_sharing", "page_but_not_block"),
)
"""Of each spec a check of a broken design that is judged soon."""


def broken_properties(spec: mmcheck.Spec, check: Check) -> tuple[str, ...]:
    """The safety properties that a check expects to be violated."""
    wanted = {n for n, e in check.expected.items() if e.expectation is Expectation.VIOLATED}
    safety = (p.name for p in spec.declared.system.properties if isinstance(p, Invariant | StepInvariant))
    return tuple(name for name in safety if name in wanted & set(check.properties))


def test_there_is_a_broken_check_of_each_spec() -> None:
    assert [name for name, _ in BROKEN] == [path.stem for path in SPECS]


@pytest.mark.parametrize(("name", "check_name"), BROKEN)
def test_no_broken_design_is_proved(name: str, check_name: str) -> None:
    spec = mmcheck.load(ROOT / "specs" / f"{name}.mmc")
    check = next(c for c in spec.checks if c.name == check_name)
    broken = broken_properties(spec, check)
    _, instance = session.instantiate(spec, check)
    answer = ParametricEngine(rest=False).check(instance, broken, Limits(timeout=3), lambda p: None)
    assert broken and all(isinstance(answer.verdicts[name], Unknown) for name in broken)


@pytest.mark.slow
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_nothing_that_is_expected_to_be_violated_is_proved(path: Path) -> None:
    spec = mmcheck.load(path)
    options = replace(PARAMETRIC, limits=Limits(timeout=120))
    for check in spec.checks:
        if broken := broken_properties(spec, check):
            outcome = session.verify_check(spec, replace(check, properties=broken), options)
            for each in outcome.properties:
                assert isinstance(each.verdict, Violated | Unknown), f"{check.name}: {each.prop.name}"


def check_every_size(text: str, most: int) -> None:
    """What is proved for every size of a random spec holds at every size up to `most`."""
    spec = mmcheck.loads(text)
    try:
        _, instance = session.instantiate(spec, spec.checks[0])
        options = replace(PARAMETRIC, limits=Limits(timeout=20))
        assume(ways_to_begin(instance) <= 200)
        outcome = session.verify_check(spec, spec.checks[0], options)
    except mmcheck.SpecError as error:
        assert {d.code for d in error.diagnostics} <= {"E504", "E505"}
        return
    proofs = {
        p.prop.name: p.verdict.evidence
        for p in outcome.properties
        if isinstance(p.verdict, Proved) and isinstance(p.verdict.evidence, EverySize)
    }
    for chosen in product(range(1, most + 1), repeat=len(instance.sizes)):
        other = Instance(instance.system, dict(zip(instance.sizes, chosen, strict=True)))
        if list(excesses(other)) or ways_to_begin(other) > 300:
            continue
        try:
            expected = truth(other, 400)
        except TooLargeError:
            continue
        for name, found in proofs.items():
            if all(other.sizes[f.sort] == f.size for f in found.fixed):
                assert expected.judgements[name].holds, f"{name} at {dict(other.sizes)}\n{text}"


SHORT = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def test_what_is_proved_holds_at_every_size() -> None:
    SHORT(given(specs())(lambda text: check_every_size(text, 2)))()


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_what_is_proved_holds_at_every_size_up_to_four() -> None:
    settings(SHORT, max_examples=500)(given(specs())(lambda text: check_every_size(text, 4)))()


def test_names_in_scripts_do_not_collide() -> None:
    """A sort whose variables have the letter that a name for a shared expression could have, too."""
    spec = mmcheck.load(ROOT / "specs" / "dax_remap.mmc")
    check = next(c for c in spec.checks if c.name == "as_described")
    names = ("no model error", "only_mapped_blocks_are_writable", "mapped_blocks_are_the_files_own")
    outcome = session.verify_check(spec, replace(check, properties=names), PARAMETRIC)
    assert all(evidence(outcome, name).sorts == ("File", "Block", "Task") for name in names)
