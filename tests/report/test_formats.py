"""All formats tell one truth: of random specs and of outcomes made by hand, valid in each of them."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from xml.etree.ElementTree import fromstring

import itf_py
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft7Validator, Draft202012Validator
from msgspec.structs import replace
from strategies import specs

import mmcheck
from mmcheck.core.outcome import Ending
from mmcheck.core.verdict import Unknown
from mmcheck.report.formats import FORMATS, render
from mmcheck.report.run import Run, candidates, run_of
from mmcheck.report.text import Traces

from . import examples
from .published import sarif_schema
from .test_html import read
from .test_itf import SCHEMA as ITF_SCHEMA
from .test_json_schema import SCHEMA as JSON_SCHEMA
from .test_json_schema import strict
from .test_junit import schema as junit_schema
from .test_markdown import told

SHORT = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
LONG = settings(SHORT, max_examples=200)
OPTIONS = mmcheck.Options(engine="reference", limits=mmcheck.Limits(max_states=500))


def endings(run: Run) -> Counter[str]:
    """How the properties of a run ended, as every format has to tell it."""
    found: Counter[str] = Counter()
    for _, check in run.checks:
        for outcome in check.properties:
            if isinstance(outcome.verdict, Unknown):
                found["unknown"] += 1
            else:
                found["good" if outcome.ending is Ending.AS_EXPECTED else "bad"] += 1
    return found


def by_json(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for spec in json.loads(text)["specs"]:
        for check in spec["checks"]:
            for prop in check["properties"]:
                decided = prop["verdict"] != "unknown"
                found["unknown" if not decided else "good" if prop["as_expected"] else "bad"] += 1
    return found


def by_junit(text: str) -> Counter[str]:
    root = fromstring(text)
    counts = ("tests", "failures", "skipped", "errors")
    tests, bad, unknown, errors = (int(root.get(name, "")) for name in counts)
    return +Counter({"good": tests - bad - unknown - errors, "bad": bad, "unknown": unknown})


def by_html(text: str) -> Counter[str]:
    """The dots of the overview."""
    classes = [attributes.get("class", "") for tag, attributes in read(text).elements if tag == "span"]
    styles = Counter(c.removeprefix("dot ") for c in classes if c.startswith("dot "))
    return +Counter({"good": styles["good"], "bad": styles["bad"], "unknown": styles["unsure"]})


def by_markdown(text: str) -> Counter[str]:
    marks = Counter(told(text, "td_open")[::3])
    return +Counter({"good": marks["ok"], "bad": marks["FAIL"], "unknown": marks["????"]})


def by_sarif(text: str) -> Counter[str]:
    """What it tells of: nothing that ended as expected."""
    (run,) = json.loads(text)["runs"]
    rules = [result["ruleId"] for result in run["results"]]
    bad = sum(rule.startswith("MM-") and rule != "MM-UNKNOWN" for rule in rules)
    return +Counter({"bad": bad, "unknown": rules.count("MM-UNKNOWN")})


def require_one_truth(run: Run) -> None:
    """Every format is valid, and tells the same."""
    documents = {format: render(replace(run, traces=Traces.ALL), format) for format in FORMATS}
    truth = endings(run)
    assert by_json(documents["json"]) == truth
    assert by_junit(documents["junit"]) == truth
    assert by_html(documents["html"]) == truth
    assert by_markdown(documents["markdown"]) == truth
    del truth["good"]
    assert by_sarif(documents["sarif"]) == +truth
    require_valid(Draft202012Validator(strict(JSON_SCHEMA)), documents["json"])
    require_valid(Draft7Validator(sarif_schema()), documents["sarif"])
    require_valid(Draft202012Validator(ITF_SCHEMA), documents["itf"])
    junit_schema().validate(documents["junit"])
    trace = itf_py.trace_from_json(json.loads(documents["itf"]))
    ranked = candidates(run)
    assert len(trace.states) == (len(ranked[0].trace.states) if ranked else 0)


def require_valid(validator: Any, text: str) -> None:
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(json.loads(text))] == []


def test_outcomes_made_by_hand() -> None:
    checks = (examples.naive(), examples.merged(), examples.limited(), examples.by_induction())
    require_one_truth(run_of([examples.spec(*checks)], "1"))


@SHORT
@given(specs())
def test_random_specs(text: str) -> None:
    require_one_truth(run_of([mmcheck.verify(mmcheck.loads(text, "random.mmc"), OPTIONS)], "1"))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@LONG
@given(specs())
def test_many_random_specs(text: str) -> None:
    require_one_truth(run_of([mmcheck.verify(mmcheck.loads(text, "random.mmc"), OPTIONS)], "1"))
