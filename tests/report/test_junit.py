"""JUnit XML: valid, counted rightly, and what is unknown never passes."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
import xmlschema
from msgspec.structs import replace

from mmcheck.core.check import HOLDS, Expectation, Expected
from mmcheck.core.outcome import PropertyOutcome
from mmcheck.core.verdict import Unknown
from mmcheck.diagnostics import Diagnostic
from mmcheck.report.junit import render
from mmcheck.report.run import Run, run_of

from . import examples


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


def everything() -> Run:
    error = Diagnostic("E300", "bool is not a \x1b[31mnumber\x00", examples.span("refs <= 2"))
    specs = (
        examples.spec(examples.naive(), examples.merged(), examples.limited()),
        examples.spec(diagnostics=(error, Diagnostic("E004", "none"))),
    )
    started = datetime(2026, 1, 2, 3, 4, 5)
    return Run(specs, "1.2.3", 4, "bad", (Diagnostic("E004", "none"),), ("crash.mmc",), started)


RUNS = {
    "everything": everything,
    "nothing": lambda: run_of((), "1"),
    "good": lambda: run_of([examples.spec(examples.naive())], "1"),
}


@pytest.mark.parametrize("name", RUNS)
def test_it_is_valid(name: str) -> None:
    schema().validate(render(RUNS[name]()))


def test_the_schema_is_one_that_can_fail() -> None:
    text = render(everything())
    for broken in (text.replace('tests="', 'count="', 1), text.replace("<skipped", "<unknown")):
        assert not schema().is_valid(broken)


def cases(root: Element) -> dict[tuple[str, str], Element]:
    return {(case.get("classname", ""), case.get("name", "")): case for case in root.iter("testcase")}


@pytest.mark.parametrize("name", RUNS)
def test_counts_are_those_of_the_cases(name: str) -> None:
    root = fromstring(render(RUNS[name]()))
    for scope in (root, *root.iter("testsuite")):
        inside = list(scope.iter("testcase"))
        tags = [child.tag for case in inside for child in case]
        found = {
            "tests": len(inside),
            "failures": tags.count("failure"),
            "errors": tags.count("error"),
            "skipped": tags.count("skipped"),
        }
        assert {name: int(scope.get(name, "-1")) for name in found} == found


def test_verdicts() -> None:
    root = fromstring(render(everything()))
    found = {key: case[0].tag for key, case in cases(root).items()}
    assert found == {
        ("arguments", "E004 (1)"): "error",
        ("memfd_seal.naive", "no model error"): "system-out",
        ("memfd_seal.naive", "sealed_pages_cannot_change"): "system-out",
        ("memfd_seal.naive", "can_seal"): "system-out",
        ("memfd_seal.naive", "pin_outlives_unmap"): "system-out",
        ("memfd_seal.merged", "no model error"): "failure",
        ("memfd_seal.merged", "sealed_pages_cannot_change"): "failure",
        ("memfd_seal.merged", "few_refs"): "failure",
        ("memfd_seal.merged", "can_seal"): "failure",
        ("memfd_seal.merged", "pin_outlives_unmap"): "failure",
        ("memfd_seal.merged", "deadlock free"): "failure",
        ("memfd_seal.large", "no model error"): "skipped",
        ("memfd_seal.large", "few_refs"): "skipped",
        ("memfd_seal", "E300 (1)"): "error",
        ("memfd_seal", "E004 (2)"): "error",
        ("crash.mmc", "internal error"): "error",
    }


@pytest.mark.parametrize("limit", [True, False])
@pytest.mark.parametrize("expected", [HOLDS, Expected(Expectation.UNKNOWN)])
def test_unknown_is_skipped_whatever_was_expected(limit: bool, expected: Expected) -> None:
    undecided = PropertyOutcome(examples.FEW_REFS, Unknown("no engine can", limit), expected)
    check = replace(examples.naive(), properties=(undecided,))
    root = fromstring(render(run_of([examples.spec(check)], "1")))
    (case,) = root.iter("testcase")
    assert [child.tag for child in case] == ["skipped"]
    assert "unknown: no engine can" in case[0].get("message", "")


def test_a_failure_holds_its_trace() -> None:
    root = fromstring(render(everything()))
    failure = cases(root)["memfd_seal.merged", "sealed_pages_cannot_change"][0]
    assert failure.get("message") == "violated in 5 steps; UNEXPECTED: expected to hold"
    assert failure.get("type") == "step invariant"
    assert "counterexample to sealed_pages_cannot_change for p = Page#0, in 5 steps:" in (failure.text or "")
    assert "why: this part is false" in (failure.text or "")


def test_lemmas_are_told() -> None:
    root = fromstring(render(run_of([examples.spec(examples.by_induction())], "1")))
    (case,) = root.iter("testcase")
    assert case[0].text == "\nproved by induction, 1 lemma\n  refs <= 2 => !sealed\n"


def test_how_it_was_searched() -> None:
    (suite, *_) = fromstring(render(run_of([examples.spec(examples.naive())], "1"))).iter("testsuite")
    found = {prop.get("name"): prop.get("value") for prop in suite.iter("property")}
    assert found["states"] == "1024" and found["engine"] == "reference" and found["depth"] == "9"
    assert found["size.Task"] == "2" and found["const.wait_for_pins"] == "false"
    assert suite.get("time") == "0.250"
    assert "timestamp" not in suite.attrib
    assert {s.get("timestamp") for s in fromstring(render(everything())).iter("testsuite")} == {
        None,
        "2026-01-02T03:04:05",
    }
