"""The codec: what comes back is what was written, and nothing but data ever comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mmcheck
from mmcheck.cache.codec import CodecError, decode, encode
from mmcheck.core.types import Elem
from mmcheck.core.verdict import Exhaustive, Proved
from mmcheck.source import SourceFile, Span

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.mmc"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_outcome_survives(path: Path) -> None:
    outcome = mmcheck.verify_file(str(path))
    again = decode(encode(outcome))
    assert again == outcome
    # Spans take no part in equality, but every report shows them.
    assert repr(again) == repr(outcome)
    for check, same in zip(outcome.checks, again.checks, strict=True):
        assert [p.prop.span for p in check.properties] == [p.prop.span for p in same.properties]
        assert check.instance.cells == same.instance.cells


def test_what_is_shared_is_written_once() -> None:
    file = SourceFile("a.mmc", "x" * 10_000)
    text = encode(tuple(Span(file, i, i + 1) for i in range(100)))
    assert len(text) < 15_000
    again = decode(text)
    assert all(span.file is again[0].file for span in again)


@pytest.mark.parametrize(
    "value",
    [
        (None, True, False, 0, -5, "é\ud800", 0.5),
        frozenset({1, 2}),
        {"a": (1,), Elem("Page", 1): [2]},
        Proved(Exhaustive(3, 4, 5)),
        (Elem("Page", 0), Elem("Page", 0)),
    ],
)
def test_values(value: object) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize("value", [{1, 2}, Path("x"), print, b"x", object(), 1j, mmcheck.Limits()])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(CodecError):
        encode((value,))


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "builtins:eval",
        "subprocess:Popen",
        "mmcheck.session:verify_file",
        "mmcheck.core.semantics:at",
        "mmcheck.core.terms:show_term",
        "mmcheck.core.trace:Struct",
        "mmcheck.core.terms:Placed",
        "mmcheck.core.terms:nothing",
        "mmcheck.core.nothing:Term",
        "mmcheck.core..cli:x",
        "mmcheck.core.terms:Not.arg",
        "mmcheck.core.terms",
        "a:b:c",
    ],
)
def test_only_classes_of_data_are_known(name: str) -> None:
    with pytest.raises(CodecError):
        decode(json.dumps([[name], [0, "echo"]]).encode())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b"[[], 1, 2]",
        b'[[], ["?"]]',
        b'[[], ["=", 0]]',
        b"[[], []]",
        b"[[], [0]]",
        b'[["mmcheck.core.types:Elem"], [0, "Page"]]',
        b'[["mmcheck.core.types:Elem"], [0, "Page", 1, 2]]',
        b'[["mmcheck.core.check:Expectation"], [0, "MAYBE"]]',
        b'[["mmcheck.diagnostics:Diagnostic"], [0, "E999", "?", null, "", ["t"]]]',
        b"[[]," + b'["t",' * 100_000 + b"1" + b"]" * 100_000 + b"]",
    ],
)
def test_what_is_none_of_ours_is_refused(text: bytes) -> None:
    with pytest.raises(CodecError):
        decode(text)
