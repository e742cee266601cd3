"""Coverage as text, pinned at two widths, and in the JSON document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mmcheck
from mmcheck.report.coverage import render
from mmcheck.report.json import document

from . import examples
from .test_json import named_on_the_page

SPEC = """\
/// Everything that can stand in the margin.
spec marks;
sort Task = 2;
const bool option = false;
state { bool mapped[Task]; 0..3 refs; bool sealed; }

transition map(Task t) {
    require !mapped[t];
    if (refs == 0) { mapped[t] = true; } else { mapped[t] = true; sealed = refs > 2 || mapped[t]; }
    if (refs > 2) {
        sealed = true;
    }
    if (refs < 9) { refs = 1; }
    if (option) { refs = 2; }
}

transition check_refs() {
    if (sealed) {
        assert refs > 1;
    } else if (refs > 0) {
        refs = 0;
    } else {
    }
}
transition optional() { require option; }
transition never() { require refs > 2; forall Task t where mapped[t] { mapped[t] = false; } }
invariant unmet: refs > 2 => sealed;
invariant met: sealed => refs > 0;
check default { expect violated no model error; }
"""


def outcome(text: str = SPEC) -> mmcheck.SpecOutcome:
    return mmcheck.verify(mmcheck.loads(text, "marks.mmc"))


def test_text(golden: examples.Golden) -> None:
    found = outcome()
    for width in (60, 80):
        lines = render(found, width).plain
        assert lines.isascii()
        golden(f"report/coverage_{width}.txt", lines + "\n")


def test_lines_of_the_source_keep_to_the_width() -> None:
    numbered = [line for line in render(outcome(), 60).plain.splitlines() if " | " in line]
    assert len(numbered) > 20
    assert max(map(len, numbered)) <= 60


def test_what_is_never_taken_is_coloured() -> None:
    rendered = render(outcome(), 80)
    coloured = {
        rendered.plain[span.start : span.end].strip() for span in rendered.spans if "red" in str(span.style)
    }
    assert coloured == {"#####"}


def test_the_file_of_the_spec_comes_first(tmp_path: Path) -> None:
    (tmp_path / "aaa.mmc").write_text("state { bool a; }\ntransition t() { a = true; }\n", encoding="utf-8")
    spec = tmp_path / "zzz.mmc"
    spec.write_text("spec zzz;\nimport aaa;\ntransition u() { a = false; }\n", encoding="utf-8")
    lines = render(mmcheck.verify_file(str(spec)), 200).plain.splitlines()
    assert [line.strip().rpartition("/")[2] for line in lines if line.endswith(".mmc")] == [
        "zzz.mmc",
        "aaa.mmc",
    ]


def test_a_search_that_did_not_end_says_so() -> None:
    limited = mmcheck.Options(limits=mmcheck.Limits(max_depth=0))
    found = mmcheck.verify(mmcheck.loads(SPEC, "marks.mmc"), limited)
    assert "not every state was visited" in render(found, 80).plain


def test_nothing_searched() -> None:
    text = "state { bool a; } transition t() { a = true; } scenario s() { t(); } check c { }"
    found = mmcheck.verify(mmcheck.loads(text), mmcheck.Options(checks=("scenarios",)))
    assert render(found, 80).plain == "coverage of <text>: nothing was searched"


def coverage_of_document() -> dict[str, Any]:
    found: dict[str, Any] = document([outcome()], (), 0, "", "0.0")["specs"][0]["checks"][0]["coverage"]
    return found


def test_json() -> None:
    coverage = coverage_of_document()
    assert coverage["complete"] is True
    fired = {t["name"]: (t["fired"] > 0, t["possible"]) for t in coverage["transitions"]}
    assert fired == {
        "map": (True, True),
        "check_refs": (True, True),
        "optional": (False, False),
        "never": (False, True),
    }
    failed = [b for b in coverage["branches"] if b["failed"]]
    assert [(b["transition"], b["side"], b["taken"], b["begins"]["line"]) for b in failed] == [
        ("check_refs", "then", 0, 19)
    ]
    assert [(p["property"], p["text"], p["met"]) for p in coverage["premises"]] == [
        ("unmet", "refs > 2", False),
        ("met", "sealed", True),
    ]


def test_the_page_names_every_field() -> None:
    coverage = coverage_of_document()
    records = [coverage, *coverage["transitions"], *coverage["branches"], *coverage["premises"]]
    assert {name for record in records for name in record} <= named_on_the_page()
