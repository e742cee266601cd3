"""The session: what it refuses to say, what it warns about, and that it believes no engine."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

import mmcheck
from mmcheck import session
from mmcheck.core.certify import CertificationError
from mmcheck.core.check import Check
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import Ending, SpecOutcome
from mmcheck.core.trace import Trace
from mmcheck.core.verdict import Exhaustive, Proved, Unknown, Verdict, Violated
from mmcheck.engines.engine import Answer, Limits, Observe, Preferences, Progress
from mmcheck.engines.limits import Watch, reserved
from mmcheck.engines.reference.search import ReferenceEngine
from mmcheck.session import Options, verifying

COUNTER = """
state { 0..3 n; }
transition up() { require n < 3; n = n + 1; }
invariant small: n < 2;
invariant fine: n <= 3;
check first { expect violated small in 2 steps; }
check second { only fine; }
"""


def verify(text: str, **options: object) -> SpecOutcome:
    return mmcheck.verify(mmcheck.loads(text), Options(**options))  # type: ignore[arg-type]


def codes(outcome: SpecOutcome) -> list[str]:
    return [d.code for d in outcome.diagnostics]


def warnings(text: str) -> list[tuple[str, str]]:
    outcome = verify(text)
    assert outcome.diagnostics == ()
    return [(w.code, w.message) for check in outcome.checks for w in check.warnings]


# --- nothing is green that was not looked at --------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "state { bool x; } init { require x; } invariant fine: x || !x;",
        "state { bool x; } assume never: x && !x; invariant fine: x || !x;",
        "sort P = 2; state { bool x; } init { choose P p, P q where p != q && p == q; } deadlock free;",
        "state { bool x; } init { require x; }",
    ],
)
def test_no_initial_state_is_an_error(text: str) -> None:
    outcome = verify(text)
    assert codes(outcome) == ["E504"] and outcome.checks == ()
    assert outcome.ending is Ending.BAD_INPUT


@pytest.mark.parametrize(
    "text",
    [
        "state { bool x; } init { assert x; } invariant fine: x || !x;",
        "state { 0..3 i = 3; bool a[0..1]; } assume low: a[i]; invariant fine: i <= 3;",
        "state { 0..1 i = 0; 0..3 j = i - 1; } invariant fine: i <= 3;",
    ],
)
def test_a_model_error_in_every_initial_state(text: str) -> None:
    outcome = verify(text + " check c { expect violated no model error; }")
    assert outcome.diagnostics == ()
    kinds = {p.prop.name: type(p.verdict) for p in outcome.checks[0].properties}
    assert kinds == {"no model error": Violated, "fine": Unknown}
    assert outcome.checks[0].warnings == () and outcome.ending is not Ending.AS_EXPECTED


def test_reachables_alone_do_not_make_it_green() -> None:
    outcome = verify("state { bool x; } init { require x; } reachable r: x; check c { expect violated r; }")
    assert codes(outcome) == ["E504"]


# --- warnings appear when, and only when ------------------------------------------------------------------

IDLE = "state { 0..2 n; } transition up() { require n < 2; n = n + 1; } "


def test_a_transition_that_never_fires() -> None:
    assert warnings(IDLE + "transition off() { require n > 2; n = 0; }") == [
        ("W600", "`off` never fired in check `default`")
    ]


@pytest.mark.parametrize(
    "text",
    [
        IDLE + "transition off() { require n == 2; n = 0; }",
        IDLE + "const bool c = false; transition off() { require c; n = 0; }",
        IDLE + "transition stay() { n = n; }",
    ],
)
def test_no_such_warning(text: str) -> None:
    assert warnings(text) == []


def test_never_fired_is_not_said_of_a_search_that_was_not_complete() -> None:
    text = IDLE + "transition last() { require n == 2; n = 0; } invariant i: n <= 2;"
    outcome = verify(text, limits=Limits(max_depth=1))
    assert outcome.checks[0].warnings == () and outcome.ending is Ending.LIMIT


@pytest.mark.parametrize(
    ("body", "premises"),
    [
        ("n == 3 => n == 0", ["n == 3"]),
        ("n == 2 => n > 0", []),
        ("n == 1 => n == 3 => n == 0", ["n == 3"]),
        ("forall 0..2 k where k == n + 3: k == 0", ["k == n + 3"]),
        ("forall 0..2 k where k == n: k < 3", []),
        ("forall 0..2 k: k == n + 1 => k > 0", []),
        ("(n == 3 => n == 0) && (n == 2 => n > 0)", ["n == 3"]),
        ("n < 3", []),
        ("!(n == 3) || n == 0", []),
    ],
)
def test_premises_that_are_never_true(body: str, premises: list[str]) -> None:
    found = warnings(f"const bool c = true; {IDLE} state {{ 0..2 m = 0; }} invariant i: {body};")
    assert [code for code, _ in found] == ["W601"] * len(premises)
    assert all(
        f"`{premise}`, which is never true" in text
        for premise, (_, text) in zip(premises, found, strict=True)
    )


def test_premises_of_a_violated_property_are_not_judged() -> None:
    outcome = verify(IDLE + "invariant i: n != 1 && (n == 2 => n > 0); check c { expect violated i; }")
    assert outcome.checks[0].warnings == () and outcome.ending is Ending.AS_EXPECTED


def test_premises_of_steps() -> None:
    assert warnings(IDLE + "step invariant s: by(up) => n' == n + 1;") == []
    found = warnings(IDLE + "transition no() { require n == 2; n = n; } step invariant s: by(no) => n' == n;")
    assert [code for code, _ in found] == ["W601"]


def test_assumptions_that_exclude_nothing() -> None:
    assert warnings(IDLE + "assume a: n <= 2;") == [
        ("W602", "the assumption `a` excludes no state in check `default`")
    ]
    assert warnings(IDLE + "assume a: n <= 1;") == []


def test_a_property_decided_by_constants_says_so() -> None:
    outcome = verify(IDLE + "const bool c = true; invariant i: c || n == 7; invariant j: n != 7;")
    notes = {p.prop.name: p.note for p in outcome.checks[0].properties}
    assert "whatever happens" in notes["i"] and notes["j"] == ""


# --- no engine is believed -------------------------------------------------------------------------------


class Forger:
    """An engine that changes one verdict of an honest one."""

    name = "forger"

    def __init__(self, property: str, verdict: Verdict | None) -> None:
        self.property, self.verdict = property, verdict

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        answer = ReferenceEngine().check(instance, properties, limits, observe)
        forged = self.verdict
        if forged is None:
            honest = answer.verdicts[self.property]
            assert isinstance(honest, Violated) and honest.trace is not None
            forged = replace(honest, trace=Trace(honest.trace.initial, honest.trace.steps[1:]))
        return replace(answer, verdicts={**answer.verdicts, self.property: forged})


@pytest.mark.parametrize(
    ("property", "verdict"),
    [
        ("small", None),
        ("small", Violated(None)),
        ("fine", Violated(Trace((0,), ()))),
        ("no model error", Violated(None, reason="invented")),
    ],
)
def test_a_wrong_trace_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, property: str, verdict: Verdict | None
) -> None:
    monkeypatch.setattr(verifying, "ENGINES", {"forger": lambda _: Forger(property, verdict)})
    with pytest.raises(CertificationError):
        verify(COUNTER, engine="forger")


def test_an_honest_engine_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    proved = Proved(Exhaustive(4, 3, 3))
    monkeypatch.setattr(verifying, "ENGINES", {"forger": lambda _: Forger("fine", proved)})
    assert verify(COUNTER, engine="forger").ending is Ending.AS_EXPECTED


# --- time ------------------------------------------------------------------------------------------------

HOLDS = "state { bool x; bool y; } transition t() { x = !x; y = x; } invariant fine: x == y;"


@pytest.mark.parametrize("engine", ["kinduction", "ic3", "parametric"])
def test_no_proof_is_shown_for_which_no_time_was_left(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    """An engine that takes all of the time leaves none for proving again what it proved."""
    honest = verifying.ENGINES[engine]

    class Slow:
        name = engine

        def check(
            self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
        ) -> Answer:
            assert limits.timeout == 5.0 and limits.reserve == 1.25
            found = honest().check(instance, properties, Limits(), observe)
            assert isinstance(found.verdicts["fine"], Proved)
            monkeypatch.setattr(time, "monotonic", lambda: now + 6.0)
            return found

    now = time.monotonic()
    monkeypatch.setattr(verifying, "ENGINES", {engine: lambda _: Slow()})
    (check,) = verify(HOLDS, engine=engine, limits=Limits(timeout=5.0)).checks
    why = "it was decided, but that could not be checked: the time limit was reached"
    assert {p.verdict for p in check.properties} == {Unknown(why)}
    assert check.ending is Ending.LIMIT


def test_engines_leave_time_for_proving_again() -> None:
    assert (reserved(2.0), reserved(20.0), reserved(3_600.0), reserved(-1.0)) == (0.5, 5.0, 10.0, 0.0)
    watch = Watch(Limits(timeout=10.0, reserve=2.5))
    watch.started -= 7.0
    assert watch.exceeded(0) is None
    watch.started -= 1.0
    assert watch.exceeded(0) == "the time limit of 10 s was reached"
    assert watch.left().timeout == pytest.approx(2.0, abs=0.5)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_large_block_does_not_outlast_the_time(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """Canonical forms look at the clock, and so does what a search begins with."""
    text = (
        "sort Node = 6; state { bool edge[Node][Node]; }"
        "transition link(Node a, Node b) { edge[a][b] = true; }"
        "invariant no_loop: forall Node a: !edge[a][a] || edge[a][a];"
    )
    options = Options(engine="explicit", limits=Limits(timeout=1.0), preferences=Preferences(threads=threads))
    spec = mmcheck.loads(text)
    for clock in ("canonical", "grounding"):
        if clock == "grounding":
            monkeypatch.setattr("mmcheck.engines.explicit.engine.TELL_EVERY", 0.0)
            monkeypatch.setattr(Watch, "late", lambda _: "the time is up")
        begun = time.monotonic()
        (check,) = mmcheck.verify(spec, options).checks
        assert time.monotonic() - begun < 20
        assert check.ending is Ending.LIMIT
    assert check.statistics.states == 0


# --- what is run -----------------------------------------------------------------------------------------


def test_checks_and_properties_are_selected() -> None:
    def names(**options: object) -> list[tuple[str, list[str]]]:
        outcome = verify(COUNTER, **options)
        return [(c.check.name, [p.prop.name for p in c.properties]) for c in outcome.checks]

    everything = [("first", ["no model error", "small", "fine"]), ("second", ["no model error", "fine"])]
    assert names() == everything
    assert names(checks=("second",)) == everything[1:]
    assert names(properties=("small",)) == [("first", ["no model error", "small"])]


def test_an_unknown_selection() -> None:
    outcome = verify(COUNTER, checks=("secund",), properties=("smal",))
    assert codes(outcome) == ["E507", "E507"] and outcome.checks == ()
    assert [d.remedy for d in outcome.diagnostics] == ["did you mean `second`?", "did you mean `small`?"]


def test_expected_steps_must_be_the_shortest() -> None:
    assert verify(COUNTER).ending is Ending.AS_EXPECTED
    assert verify(COUNTER.replace("in 2 steps", "in 3 steps")).ending is Ending.UNEXPECTED
    assert verify(COUNTER.replace("expect violated small in 2 steps;", "")).ending is Ending.UNEXPECTED


def test_a_limit_is_no_success() -> None:
    outcome = verify(COUNTER, limits=Limits(max_depth=1))
    assert outcome.ending is Ending.LIMIT


def test_interruption_ends_the_run() -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    outcome = session.verify(mmcheck.loads(COUNTER), Options(), interrupt)
    assert [c.interrupted for c in outcome.checks] == [True]


def test_assumptions_are_named_with_every_verdict() -> None:
    outcome = verify(IDLE + "assume low: n < 2; invariant i: n < 2;")
    assert {p.assumptions for p in outcome.checks[0].properties} == {("low",)}


# --- settings --------------------------------------------------------------------------------------------

SETTABLE = (
    "sort P = 2; const 0..9 N = 3; const 0..N x = 1; const bool b = true; enum E { on, off } const E e = on;"
)
SPEC = SETTABLE + " state { bool a[P]; 0..N y = x; } invariant i: y <= N && b;"


def settings_of(*settings: str) -> Check:
    spec = mmcheck.loads(SPEC, settings=settings)
    return session.instantiate(spec, spec.checks[0])[0]


def test_settings() -> None:
    check = settings_of("P=3", " N = 7 ", "x=N - 2", "e=off", "b=!b")
    assert check.sizes == {"P": 3}
    assert check.constants == {"N": 7, "x": 5, "b": False, "e": "off"}
    assert settings_of("P=3", "P=4").sizes == {"P": 4}


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("P", "E500"),
        ("P=", "E500"),
        ("=3", "E500"),
        ("P=3; only i", "E500"),
        ("P=3 } check c {", "E500"),
        ("P==3", "E500"),
        ("Q=3", "E500"),
        ("y=1", "E500"),
        ("P=0", "E503"),
        ("P=65", "E503"),
        ("P=true", "E300"),
        ("b=1", "E300"),
        ("x=4", "E309"),
        ("N=y", "E308"),
        ("N=M", "E200"),
        ("N=(", "E102"),
        ("N=1 //", "E102"),
    ],
)
def test_settings_that_make_no_sense(setting: str, code: str) -> None:
    with pytest.raises(mmcheck.SpecError) as caught:
        mmcheck.loads(SPEC, settings=[setting])
    assert code in [d.code for d in caught.value.diagnostics]


def test_a_constant_that_no_longer_fits_its_type() -> None:
    with pytest.raises(mmcheck.SpecError, match=r"`x` is set to 3, which is not in 0\.\.2"):
        settings_of("x=3", "N=2")
    outcome = verify(SPEC + " check c { x = 3; N = 2; } check d { N = 2; x = 2; }")
    assert codes(outcome) == ["E309"]
    assert [c.check.name for c in outcome.checks] == ["d"]


# --- too large -------------------------------------------------------------------------------------------


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "state { bool a[0..999999999]; }",
        "state { bool a[0..99][0..99][0..99]; }",
        "sort P = 64; state { bool a[P][P][P][P]; }",
        "state { bool x; } transition t(0..99999999 i) { x = i == 3; }",
        "state { bool x; } transition t() { choose 0..99999999 i; x = i == 3; }",
        "state { bool a[0..39]; } transition t() { forall 0..39 i { a[i] = any; } }",
        "state { bool a[0..39] = any; }",
        "sort P = 20; state { set P s; } transition t() { s = any; }",
        "sort P = 20; state { set P s = any; }",
        "state { bool x; } invariant i: forall 0..99999 i, 0..99999 j: x || i >= j || j > i;",
        "state { bool x; } invariant i(0..99999 i, 0..99999 j): x || i >= j || j > i;",
        "state { bool x; } reachable i: (count 0..99999 i, 0..99999 j: x || i >= j) > 5;",
        "state { bool x; } assume i: forall 0..99999 i, 0..99999 j: x || i >= j || j > i;",
        "state { bool x; } liveness l: (forall 0..99999 i, 0..99999 j: x || i >= j) ~> x;",
        "state { bool x; } scenario s(0..99999 i, 0..99999 j) { assert i >= j; }",
        "sort P = 1; state { bool a[P]; } transition t() { forall P i where forall 0..9999999 k: k > 0 { } }",
    ],
)
def test_absurd_sizes_are_refused_at_once(text: str) -> None:
    outcome = verify(text + " invariant fine: 1 < 2;")
    assert codes(outcome) == ["E505"] and outcome.checks == ()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("forward", [True, False])
def test_definitions_that_build_on_each_other_without_end(forward: bool) -> None:
    chains = [
        ["def d0() = x;", *(f"def d{i + 1}() = !d{i}();" for i in range(600))],
        ["const 0..1 c0 = 1;", *(f"const 0..1 c{i + 1} = c{i};" for i in range(600))],
        ["struct S0 { bool b; }", *(f"struct S{i + 1} {{ S{i} s; }}" for i in range(600))],
        ["struct S0 { bool b; }", *(f"struct S{i + 1} {{ S{i} s, t; }}" for i in range(60))],
        ["def d0() = x;", *(f"def d{i + 1}() = d{i}() && d{i}();" for i in range(60))],
    ]
    for number, chain in enumerate(chains):
        text = "\n".join(["state { bool x; }", *(chain if forward else reversed(chain))])
        try:
            mmcheck.loads(text)
        except mmcheck.SpecError as error:
            assert {d.code for d in error.diagnostics} == {"E003"}
        else:
            assert (number, forward) == (1, True), "constants in order need no depth"


# --- files -----------------------------------------------------------------------------------------------


def test_every_failure_to_read_is_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "latin.mmc").write_bytes(b"// caf\xe9\n")
    (tmp_path / "large.mmc").write_bytes(b"/" * (1 << 20) + b"/")
    (tmp_path / "null.mmc").write_bytes(b"\0")
    expected = {"none": "E001", "latin": "E002", "large": "E003", "null": "E104"}
    for name, code in expected.items():
        outcome = mmcheck.verify_file(str(tmp_path / f"{name}.mmc"))
        assert codes(outcome)[:1] == [code], name
        assert outcome.ending is Ending.BAD_INPUT
    assert codes(mmcheck.verify_file(str(tmp_path))) == ["E001"]
    assert codes(mmcheck.verify_file("\0.mmc")) == ["E001"]


def test_specs_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "a.mmc": "",
        "b/c.mmc": "import a;",
        "b/a.mmc": "",
        ".git/d.mmc": "",
        "b/e.txt": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    assert session.find_specs([".", "a.mmc", "b/e.txt"]) == (("a.mmc", "b/a.mmc", "b/c.mmc", "b/e.txt"), ())
    assert session.find_specs(["b/a.mmc"], importers=True)[0] == ("b/a.mmc", "b/c.mmc")
    (tmp_path / "empty").mkdir()
    assert [d.code for d in session.find_specs(["empty"])[1]] == ["E004"]


def test_loading_twice_gives_the_same(tmp_path: Path) -> None:
    for first, second in itertools.pairwise([mmcheck.loads(COUNTER) for _ in range(3)]):
        assert first.declared.system == second.declared.system and first.checks == second.checks


def test_settings_are_heeded_for_a_spec_that_is_loaded() -> None:
    spec = mmcheck.load(str(Path(__file__).parent.parent / "specs" / "memfd_seal.mmc"))
    options = Options(settings=("Task=1", "Page=1", "Offset=1"), checks=("merged",))
    (check,) = mmcheck.verify(spec, options).checks
    assert check.instance.sizes == {"Task": 1, "Page": 1, "Offset": 1}
    wrong = mmcheck.verify(spec, Options(settings=("Nothing=1",)))
    assert [d.code for d in wrong.diagnostics] and not wrong.checks
