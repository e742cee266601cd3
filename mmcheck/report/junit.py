"""Outcomes as JUnit XML: a suite for each check, a case for each property.

What did not end as expected is a failure, a spec with errors and a bug of ours are errors, and a property
without a verdict is skipped: it never counts as passed, not even where that was expected. One search judges
all properties of a check, so the time is its suite's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mmcheck.core.outcome import CheckOutcome, Ending, PropertyOutcome, SpecOutcome
from mmcheck.core.types import show_value
from mmcheck.core.verdict import Unknown
from mmcheck.diagnostics import Diagnostic, Severity
from mmcheck.report import diagnostics as diagnostics_report
from mmcheck.report.phrases import expectation, kind, verdict_phrase
from mmcheck.report.run import Run, lemmas_of
from mmcheck.report.text import evidence

WIDTH = 100
"""Of the traces in failures: the viewers of build servers are wider than mails."""


def render(run: Run) -> str:
    """The whole document as text."""
    root = document(run)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def document(run: Run) -> Element:
    """All suites, with the sums of their counts."""
    root = Element("testsuites", name="mmcheck")
    if run.diagnostics:
        root.append(_errors("mmcheck", "arguments", run.diagnostics))
    for spec in run.specs:
        if spec.diagnostics:
            root.append(_errors(run.path(spec.file), spec.name, spec.diagnostics))
        for check in spec.checks:
            root.append(_check(spec, check, run))
    for file in run.crashed:
        root.append(_crash(run.path(file)))
    for number, suite in enumerate(root):
        suite.set("id", str(number))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
    return root


# --- suites ----------------------------------------------------------------------------------------------


def _check(spec: SpecOutcome, outcome: CheckOutcome, run: Run) -> Element:
    name = f"{spec.name}.{outcome.check.name}"
    suite = Element("testsuite", name=name, time=f"{outcome.statistics.seconds:.3f}")
    if run.started is not None:
        suite.set("timestamp", run.started.strftime("%Y-%m-%dT%H:%M:%S"))
    suite.set("file", run.path(spec.file))
    suite.append(_properties(spec, outcome))
    for prop in outcome.properties:
        suite.append(_case(name, prop, outcome, run))
    if outcome.warnings:
        told = [diagnostics_report.render(warning, WIDTH).plain for warning in outcome.warnings]
        _text(SubElement(suite, "system-err"), "\n\n".join(told))
    return _counted(suite)


def _properties(spec: SpecOutcome, outcome: CheckOutcome) -> Element:
    """How it was searched, and the values that were set."""
    found = outcome.statistics
    facts = {
        "engine": found.engine,
        "states": str(found.states),
        "transitions": str(found.transitions),
        "depth": str(found.depth),
        "complete": show_value(found.complete),
        "symmetry": ", ".join(found.symmetry),
        "not_permuted": ", ".join(found.not_permuted),
        **({"remembered": spec.remembered} if spec.remembered else {}),
        **{f"size.{name}": str(size) for name, size in outcome.instance.sizes.items()},
        **{f"const.{name}": show_value(value) for name, value in outcome.check.constants.items()},
    }
    properties = Element("properties")
    for name, value in facts.items():
        SubElement(properties, "property", name=name, value=_allowed(value))
    return properties


def _errors(suite_name: str, classname: str, found: Sequence[Diagnostic]) -> Element:
    """A suite for what kept checks from being run, a case for each diagnostic."""
    suite = Element("testsuite", name=suite_name, time="0.000")
    for number, diagnostic in enumerate(found, 1):
        case = SubElement(suite, "testcase", classname=classname, name=f"{diagnostic.code} ({number})")
        tag = "error" if diagnostic.severity is Severity.ERROR else "system-err"
        told = SubElement(case, tag)
        if tag == "error":
            told.set("type", diagnostic.code)
            told.set("message", _allowed(diagnostic.message))
        _text(told, diagnostics_report.render(diagnostic, WIDTH).plain)
    return _counted(suite)


def _crash(file: str) -> Element:
    suite = Element("testsuite", name=file, time="0.000")
    case = SubElement(suite, "testcase", classname=file, name="internal error")
    SubElement(case, "error", type="internal error", message="a bug in mmcheck; please report it")
    return _counted(suite)


def _counted(suite: Element) -> Element:
    """The suite with the counts of what is in it."""
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    return suite


# --- cases -----------------------------------------------------------------------------------------------


def _case(classname: str, outcome: PropertyOutcome, check: CheckOutcome, run: Run) -> Element:
    case = Element("testcase", classname=classname, name=outcome.prop.name)
    if outcome.prop.span is not None:
        case.set("file", run.path(outcome.prop.span.file.name))
        case.set("line", str(outcome.prop.span.line))
    phrase = _allowed(verdict_phrase(outcome))
    if isinstance(outcome.verdict, Unknown):
        SubElement(case, "skipped", message=phrase)
        return case
    match outcome.ending:
        case Ending.AS_EXPECTED:
            _text(SubElement(case, "system-out"), "\n  ".join((phrase, *lemmas_of(outcome))))
        case Ending.UNEXPECTED | Ending.BAD_INPUT | Ending.LIMIT:
            message = "; ".join(
                part for part in (phrase, _allowed(expectation(outcome)), outcome.note) if part
            )
            failure = SubElement(case, "failure", message=message, type=kind(outcome.prop))
            _text(failure, evidence(outcome, check.instance, WIDTH).plain)
        case _:
            assert_never(outcome.ending)
    return case


def _text(element: Element, text: str) -> None:
    """Text on lines of its own, so that the first line of a table keeps its place."""
    element.text = f"\n{_allowed(text)}\n" if text else None


def _allowed(text: str) -> str:
    """The text without characters that no XML document can hold."""
    return "".join(char if _is_allowed(char) else "?" for char in text)


def _is_allowed(char: str) -> bool:
    return char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"
