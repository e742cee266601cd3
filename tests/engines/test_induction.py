"""Induction told to a person: what keeps an invariant, what breaks it; and certificates on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import mmcheck
from mmcheck.cli.group import mmcheck as command
from mmcheck.core.induction import InductionOutcome
from mmcheck.core.instance import Instance
from mmcheck.core.semantics import Dynamics
from mmcheck.engines.certificates import certificate_solvers, recheck_certificates
from mmcheck.session import Options

ROOT = Path(__file__).parents[2]

SPEC = """
sort Task = 2;
state { bool idle[Task]; bool holds[Task]; 0..2 taken; 0..3 age = 1; set 0..2 marks; }
transition lock(Task t) {
    require !idle[t] && taken == 0 && !holds[t]; holds[t] = true; taken = taken + 1;
}
transition unlock(Task t) { require holds[t]; holds[t] = false; taken = taken - 1; marks = marks | {taken}; }
transition grow() { require age < 3; age = age + 1; }
invariant counted: taken == count Task t: holds[t];
invariant exclusive(Task t, Task u): holds[t] && holds[u] => t == u;
invariant young: age != 0 && age < 3;
invariant at_first: age != 1;
step invariant ages: age' == age || by(grow);
step invariant never_older: age' < 3;
reachable two: taken == 2;
"""


@pytest.fixture(scope="module")
def examined() -> mmcheck.CheckOutcome:
    options = Options(engine="kinduction", limits=mmcheck.Limits(max_depth=3), induction=True)
    return mmcheck.verify(mmcheck.loads(SPEC), options).checks[0]


def outcome_of(check: mmcheck.CheckOutcome, name: str) -> InductionOutcome:
    return next(outcome for outcome in check.induction if outcome.prop.name == name)


def test_what_is_inductive(examined: mmcheck.CheckOutcome) -> None:
    names = ["counted", "exclusive", "young", "at_first", "ages", "never_older"]
    assert [outcome.prop.name for outcome in examined.induction] == names
    holding = [outcome.prop.name for outcome in examined.induction if outcome.holds]
    assert holding == ["counted", "exclusive", "ages"]


def test_initiation(examined: mmcheck.CheckOutcome) -> None:
    found = outcome_of(examined, "at_first")
    assert found.initiation is not None and found.initiation.trace.length == 0
    assert found.initiation.blame is not None
    assert outcome_of(examined, "young").initiation is None


def test_counterexamples_to_induction_are_steps(examined: mmcheck.CheckOutcome) -> None:
    instance: Instance = examined.instance
    dynamics = Dynamics.of(instance)
    for name in ("young", "never_older"):
        (broken,) = outcome_of(examined, name).breaking
        assert broken.transition == "grow" and broken.cti is not None and broken.cti.blame is not None
        (step,) = broken.cti.trace.steps
        assert step in dynamics.steps(broken.cti.trace.initial, step.action)
        assert step.action.transition.name == "grow"


def test_documents_tell_it(examined: mmcheck.CheckOutcome) -> None:
    outcomes = [mmcheck.SpecOutcome("spec.mmc", "spec", (examined,))]
    document = json.loads(mmcheck.render_report(outcomes, "json"))
    schema = json.loads((ROOT / "docs" / "json.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(document)
    told = {each["property"]: each for each in document["specs"][0]["checks"][0]["induction"]}
    assert {name: each["inductive"] for name, each in told.items() if each["inductive"]} == dict.fromkeys(
        ["counted", "exclusive", "ages"], True
    )
    assert told["at_first"]["initiation"]["trace"]["length"] == 0
    (broken,) = (each for each in told["young"]["consecution"] if not each["kept"])
    assert broken["transition"] == "grow" and broken["counterexample"]["trace"]["length"] == 1
    assert broken["counterexample"]["blame"]["part"] == "age < 3"
    fields = {name for each in told["young"]["consecution"] for name in each} | told["young"].keys()
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    assert {name for name in fields if name not in page} == set()
    for format in ("markdown", "html"):
        page = mmcheck.render_report(outcomes, format)
        assert "young is broken by grow" in page and "by grow, 2 of 3 transitions keep it" in page


# --- on the command line ---------------------------------------------------------------------------------


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "locks.mmc"
    path.write_text(SPEC)
    return str(path)


@pytest.fixture
def certificates(spec: str, tmp_path: Path) -> Path:
    folder = tmp_path / "proofs"
    arguments = ("--engine", "kinduction", "--depth", "3", "--certificate", str(folder))
    with pytest.raises(SystemExit):
        command.main(["verify", spec, *arguments], prog_name="mmcheck")
    return folder / "locks" / "default"


def test_tables_of_counterexamples(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["verify", spec, "--engine", "bmc", "--depth", "1", "--induction"], prog_name="mmcheck")
    shown = capsys.readouterr().out
    assert "keeps   counted" in shown and "young is broken by grow:" in shown
    assert "at_first is false at first:" in shown
    assert "any" in shown and "age < 3" in shown


def test_certificates_stand(certificates: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proved = {path.name for path in certificates.iterdir()}
    assert {"counted", "exclusive", "ages", "no-model-error", "two"} <= proved
    assert "consecution_unlock.smt2" in {path.name for path in (certificates / "counted").iterdir()}
    assert "z3" in certificate_solvers()
    with pytest.raises(SystemExit) as ended:
        command.main(["certify", str(certificates)], prog_name="mmcheck")
    assert ended.value.code == 0
    assert f"{len(proved)} certificates of {len(proved)} stand" in capsys.readouterr().err


def problems(folder: Path) -> str:
    (found,) = recheck_certificates(folder)
    return " ".join(found.problems)


def without_lemmas(script: Path) -> None:
    """Leave out the assertions but for the bounds of cells and the last, that of the violation."""
    lines = script.read_text().splitlines()
    asserted = [i for i, line in enumerate(lines) if line.startswith("(assert ") and "<= |" not in line]
    script.write_text("\n".join(line for i, line in enumerate(lines) if i not in asserted[:-1]) + "\n")


def test_forged_certificates_are_refused(certificates: Path) -> None:
    folder = certificates / "no-model-error"
    assert problems(folder) == ""
    safety = folder / "safety.smt2"
    honest = safety.read_text()
    without_lemmas(safety)
    assert "says sat, not unsat" in problems(folder)
    safety.write_text(
        honest.replace("(check-sat)", "(assert true)\n(check-sat)").replace(
            "QF_LIA)", "QF_LIA)\n(assert false)"
        )
    )
    assert "even without its last assertion" in problems(folder)
    safety.write_text(honest + "(check-sat)\n")
    assert "only question" in problems(folder)
    safety.write_text("(assert nothing)\n(check-sat)\n")
    assert "error" in problems(folder)
    safety.unlink()
    assert "cannot be read" in problems(folder)
    manifest = json.loads((folder / "proof.json").read_text())
    del manifest["scripts"]["safety.smt2"]
    (folder / "proof.json").write_text(json.dumps(manifest))
    assert "there is no safety.smt2" in problems(folder)
    (folder / "proof.json").write_text("{}")
    assert "cannot be read" in problems(folder)


def without_script(folder: Path, name: str) -> None:
    """Leave out a script, and what the manifest says of it."""
    (folder / name).unlink()
    manifest = json.loads((folder / "proof.json").read_text())
    del manifest["scripts"][name]
    (folder / "proof.json").write_text(json.dumps(manifest))


def test_scripts_that_are_exchanged_or_left_out_are_missed(certificates: Path) -> None:
    """Also where every answer is the one that is due."""
    folder = certificates / "counted"
    lock, unlock = folder / "consecution_lock.smt2", folder / "consecution_unlock.smt2"
    honest = unlock.read_text()
    unlock.write_text(lock.read_text())
    assert problems(folder) == f"{unlock.name}: it is not as it was written"
    lines = honest.splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith("(assert"))
    unlock.write_text("\n".join([*lines[:last], "(assert false)", *lines[last + 1 :]]) + "\n")
    assert problems(folder) == f"{unlock.name}: it is not as it was written"
    unlock.write_text(honest)
    assert problems(folder) == ""
    without_script(folder, unlock.name)
    assert problems(folder) == "proof.json is not as it was written"
    (folder / "proof.json").unlink()
    assert "proof.json cannot be read" in problems(folder)


COLLIDING = """
sort T = 2;
state { bool x[T]; bool y; }
process remap(T t) { step flush { x[t] = y; y = false; } step go { require !y; x[t] = true; y = false; } }
transition remap_flush(T t) { require y; x[t] = false; y = x[t]; }
invariant no_model_error: !y;
"""


@pytest.mark.parametrize("engine", ["ic3", "parametric"])
def test_names_that_look_alike_have_scripts_of_their_own(engine: str, tmp_path: Path) -> None:
    spec = mmcheck.loads(COLLIDING, "collide.mmc")
    mmcheck.verify(spec, mmcheck.Options(engine=engine, certificates=tmp_path))
    found = {r.prop: r for r in recheck_certificates(tmp_path)}
    assert set(found) == {"no model error", "no_model_error"}
    assert not any(r.problems for r in found.values())
    scripts = found["no_model_error"].folder.glob("consecution_*")
    names = {path.stem.partition("-")[0] for path in scripts}
    assert names == {"consecution_remap.flush", "consecution_remap.go", "consecution_remap_flush"}


def test_a_certificate_ends_with_the_proof(tmp_path: Path) -> None:
    """What an earlier run proved is not left to be taken for a proof of what is violated now."""
    options = mmcheck.Options(engine="kinduction", certificates=tmp_path)
    mmcheck.verify(mmcheck.loads(SPEC, "locks.mmc"), options)
    assert (tmp_path / "locks" / "default" / "ages").is_dir()
    broken = SPEC.replace("invariant ages:", "invariant ages: false &&")
    assert broken != SPEC
    mmcheck.verify(mmcheck.loads(broken, "locks.mmc"), options)
    assert not (tmp_path / "locks" / "default" / "ages").exists()
    assert (tmp_path / "locks" / "default" / "counted").is_dir()


def test_a_certificate_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("")
    options = mmcheck.Options(engine="kinduction", certificates=tmp_path)
    outcome = mmcheck.verify(mmcheck.loads(SPEC, "locks.mmc"), options)
    assert [d.code for d in outcome.diagnostics] == ["E508"]


def test_nothing_to_certify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["certify", str(tmp_path)], prog_name="mmcheck")
    assert ended.value.code == 2
    assert "there is no certificate" in capsys.readouterr().err


def test_certificates_need_a_folder(spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        command.main(["verify", spec, "--certificate", str(tmp_path / "file" / "x")], prog_name="mmcheck")
    assert ended.value.code == 2
    assert "E508" in capsys.readouterr().err


def test_specs_of_one_name_are_not_certified_together(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.mmc"
    other.write_text("spec locks;" + SPEC, encoding="utf-8")
    folder = tmp_path / "proofs"
    with pytest.raises(SystemExit) as ended:
        command.main(["verify", spec, str(other), "--certificate", str(folder)], prog_name="mmcheck")
    assert ended.value.code == 2
    assert "their certificates would mix" in capsys.readouterr().err
    assert not folder.exists()
