"""Damaged and random input: there is always an outcome, and every diagnostic points into the file."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strategies import specs

import mmcheck
from mmcheck.core.outcome import SpecOutcome
from mmcheck.diagnostics import CODES, Severity
from mmcheck.engines.engine import Limits
from mmcheck.session import Options

ROOT = Path(__file__).parent.parent
OPTIONS = Options(limits=Limits(max_states=200, timeout=5), engine="reference")
SLOWEST = 20.0
"""Seconds that the smallest machine may take for one of these small files."""

WORDS = """
spec import sort enum struct const state volatile init def override transition process local step fair strong
invariant reachable deadlock free liveness eventually always assume scenario check require let choose where if
else forall exists count assert reset goto exit at by any in null true false bool set only expect holds
violated blocked no model error steps 0 1 7
99999999999999999999 x y p P E S name _ text
"""
SIGNS = r"""{ } [ ] ( ) ; : , . ' ? ! = == != < <= > >= => <=> ~> && || + - | & .. /// // /* */ " @ # $ \ %
"""
ODDITIES = ["é", "∀", "\t", "\r", "\n", "\ufeff", "\0", "''"]
TOKENS = [*WORDS.split(), *SIGNS.split(), *ODDITIES]

SEEDS = sorted([*ROOT.glob("models/*.mmc"), *(ROOT / "tests" / "cases" / "verdict").glob("*.mmc")])


def judge(path: Path, content: bytes) -> SpecOutcome:
    """The outcome of a file, with what must be true of every outcome."""
    path.write_bytes(content)
    began = time.monotonic()
    outcome = mmcheck.verify_file(str(path), OPTIONS)
    assert time.monotonic() - began < SLOWEST
    assert isinstance(outcome, SpecOutcome)
    assert outcome.checks or outcome.diagnostics
    for diagnostic in outcome.diagnostics:
        assert diagnostic.code in CODES and diagnostic.severity is Severity.ERROR
        assert diagnostic.message and diagnostic.remedy
        for span in (diagnostic.span, *(note.span for note in diagnostic.notes)):
            if span is not None:
                assert 0 <= span.start <= span.end <= len(span.file.text)
                assert span.line >= 1 and span.column >= 1 and str(span)
    return outcome


def damaged(text: str, seed: random.Random) -> str:
    """A text with some of its words lost, doubled, swapped or replaced."""
    words = split(text)
    for _ in range(seed.choice([1, 1, 1, 2, 5])):
        i, j = seed.randrange(len(words)), seed.randrange(len(words))
        match seed.randrange(5):
            case 0:
                words[i] = ""
            case 1:
                words[i] += " " + words[i]
            case 2:
                words[i], words[j] = words[j], words[i]
            case 3:
                words[i] = " " + seed.choice(TOKENS) + " "
            case _:
                words[i : i + seed.randrange(8)] = [words[j]]
    return "".join(words)


def split(text: str) -> list[str]:
    """Words, blanks and signs."""
    parts: list[str] = []
    for char in text:
        if parts and char.isalnum() and parts[-1][-1].isalnum():
            parts[-1] += char
        else:
            parts.append(char)
    return parts


def every(path: Path, contents: Iterator[bytes]) -> None:
    for content in contents:
        try:
            judge(path, content)
        except Exception as error:
            error.add_note(f"the input was {content!r}")
            raise


def random_inputs(count: int) -> Iterator[bytes]:
    seed = random.Random(1)
    for _ in range(count):
        yield seed.randbytes(seed.randrange(60))
        yield " ".join(seed.choices(TOKENS, k=seed.randrange(40))).encode()


def mutants(count: int) -> Iterator[bytes]:
    seed = random.Random(2)
    for _ in range(count):
        yield damaged(seed.choice(SEEDS).read_text(), seed).encode()


def truncations(count: int) -> Iterator[bytes]:
    seed = random.Random(3)
    for _ in range(count):
        content = seed.choice(SEEDS).read_bytes()
        yield content[: seed.randrange(len(content))]


@pytest.mark.parametrize(
    "contents", [random_inputs(80), mutants(80), truncations(40)], ids=["random", "mutants", "truncations"]
)
def test_damaged_input(contents: Iterator[bytes], tmp_path: Path) -> None:
    every(tmp_path / "fuzz.mmc", contents)


def test_a_spec_cut_at_every_place(tmp_path: Path) -> None:
    content = (ROOT / "tests" / "cases" / "verdict" / "reset_volatile.mmc").read_bytes()
    every(tmp_path / "fuzz.mmc", (content[:end] for end in range(0, len(content), 7)))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(specs(), st.randoms(use_true_random=False))
def test_damaged_random_specs(
    tmp_path_factory: pytest.TempPathFactory, text: str, seed: random.Random
) -> None:
    every(tmp_path_factory.mktemp("fuzz") / "fuzz.mmc", iter([damaged(text, seed).encode()]))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(
    "contents",
    [random_inputs(3_000), mutants(6_000), truncations(2_000)],
    ids=["random", "mutants", "truncations"],
)
def test_much_damaged_input(contents: Iterator[bytes], tmp_path: Path) -> None:
    every(tmp_path / "fuzz.mmc", contents)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_every_case_cut_at_many_places(tmp_path: Path) -> None:
    for case in SEEDS:
        content = case.read_bytes()
        every(tmp_path / "fuzz.mmc", (content[:end] for end in range(0, len(content), 5)))
