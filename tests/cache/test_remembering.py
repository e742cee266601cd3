"""Remembered verdicts: only the very same question has the same answer, and only answers are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

import mmcheck
from mmcheck import Cache, Limits, Options, Preferences
from mmcheck.cache import question as question_module
from mmcheck.cache import stamp as stamp_module
from mmcheck.cache.question import question
from mmcheck.cache.remembering import is_conclusive
from mmcheck.cache.stamp import stamp
from mmcheck.diagnostics import Collector
from mmcheck.elaborate.modules import load_program
from mmcheck.elaborate.places import files_behind

ROOT = Path(__file__).parent.parent.parent

MODEL = """\
sort Page = 2;
state { bool pinned[Page]; bool dirty[Page]; }
transition pin(Page p) { require !dirty[p]; pinned[p] = true; }
transition store(Page p) { require !pinned[p]; dirty[p] = true; }
"""
SPEC = """\
spec seal;
import pages;
invariant clean(Page p): pinned[p] => !dirty[p];
"""
CARELESS = MODEL.replace("require !pinned[p]; ", "")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that imports a model, in a folder that is the current one."""
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "pages.mmc").write_text(MODEL, encoding="utf-8")
    (folder / "seal.mmc").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache.at(tmp_path / "cache")


def never(*_: object) -> mmcheck.SpecOutcome:
    raise AssertionError("this was to be remembered")


def test_the_second_answer_is_the_first(project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cache.verify_file("seal.mmc")
    assert not first.remembered
    monkeypatch.setattr("mmcheck.session.verify_file", never)
    second = cache.verify_file("seal.mmc")
    assert second.remembered
    assert replace(second, remembered="") == first


@pytest.mark.parametrize("format", ["json", "sarif", "junit", "itf", "markdown", "html"])
def test_every_report_says_that_it_is_remembered(project: Path, cache: Cache, format: str) -> None:
    (project / "models" / "pages.mmc").write_text(CARELESS, encoding="utf-8")
    first, second = cache.verify_file("seal.mmc"), cache.verify_file("seal.mmc")
    report = mmcheck.render_report(second, format)
    assert "remembered" in report
    if format != "json":
        assert "remembered" not in mmcheck.render_report(first, format)
    same = replace(second, remembered="")
    assert mmcheck.render_report(same, format) == mmcheck.render_report(first, format)


Change = Callable[[Path], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda p: (p / "seal.mmc").write_text(SPEC + "\n", encoding="utf-8"),
        lambda p: (p / "models" / "pages.mmc").write_text(CARELESS, encoding="utf-8"),
        lambda p: (p / "pages.mmc").write_text(MODEL, encoding="utf-8"),
        lambda p: (p / "models" / "pages.mmc").rename(p / "pages.mmc"),
        lambda p: (p / "models" / "pages.mmc").unlink(),
    ],
)
def test_a_change_to_what_is_read_is_another_question(project: Path, change: Change) -> None:
    before = question("seal.mmc", Options())
    change(project)
    after = question("seal.mmc", Options())
    assert before is not None and after is not None and before.key != after.key


OPTIONS = [
    Options(settings=("Page=3",)),
    Options(checks=("default",)),
    Options(properties=("clean",)),
    Options(engine="reference"),
    Options(preferences=Preferences(symmetry=False)),
    Options(preferences=Preferences(threads=1)),
    Options(preferences=Preferences(every_size=True)),
    Options(keep_going=False),
    Options(graphs=10),
    Options(silence=False),
    Options(limits=Limits(max_states=10_000)),
    Options(limits=Limits(max_depth=100)),
]


def test_every_option_that_matters_is_another_question(project: Path) -> None:
    asked = [question("seal.mmc", options) for options in (Options(), *OPTIONS)]
    asked.append(question("./seal.mmc", Options()))
    keys = {found.key for found in asked if found is not None}
    assert len(keys) == len(OPTIONS) + 2


def test_every_option_is_either_a_part_of_the_question_or_known_not_to_matter() -> None:
    """A new one is to be thought about: in `question.question`, in `can_be_remembered`, or here."""
    assert set(Options.__struct_fields__) == {
        *("settings", "checks", "properties", "limits", "engine", "preferences", "keep_going"),
        *("graphs", "silence"),
        "deadline",  # as a time limit: what came in time stands
        *("certificates", "induction"),
    }
    assert set(Preferences.__struct_fields__) == {
        *("symmetry", "threads", "checkpoint", "helpers", "head_start", "every_size"),
        "places",  # when a helper begins
        "spill",  # where a search goes on, which is the same search
        "stop_at",  # made from `keep_going`
    }
    assert set(Limits.__struct_fields__) == {
        *("max_states", "max_depth", "timeout", "max_memory"),
        "reserve",  # a part of the time limit
        "told",  # a part of a text
        "elsewhere",  # a part of how memory is counted
    }


def test_time_and_memory_are_no_part_of_it(project: Path) -> None:
    one, other = question("seal.mmc", Options()), question("seal.mmc", Options(limits=Limits(timeout=1)))
    assert one is not None and other is not None and one.key == other.key


def test_another_folder_is_another_question(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages name files relative to it."""
    one = question(str(project / "seal.mmc"), Options())
    monkeypatch.chdir("models")
    other = question(str(project / "seal.mmc"), Options())
    assert one is not None and other is not None and one.key != other.key


@pytest.mark.parametrize(
    "options",
    [
        Options(certificates=Path("proofs")),
        Options(preferences=Preferences(checkpoint=Path("there"))),
        Options(induction=True),
    ],
)
def test_what_is_more_than_an_outcome_is_not_remembered(project: Path, options: Options) -> None:
    assert question("seal.mmc", options) is None


def test_without_a_stamp_nothing_is_remembered(
    project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.verify_file("seal.mmc")
    monkeypatch.setattr(question_module, "stamp", lambda: None)
    assert not cache.verify_file("seal.mmc").remembered


def test_the_stamp_is_of_the_code_and_the_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [stamp()]
    (tmp_path / "code.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.setattr(stamp_module, "PACKAGE", tmp_path)
    found.append(stamp())
    (tmp_path / "code.py").write_text("x = 2\n", encoding="utf-8")
    found.append(stamp())
    (tmp_path / "more.lark").write_text("", encoding="utf-8")
    found.append(stamp())
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    assert stamp() == found[-1]
    (tmp_path / "numpy-99.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    found.append(stamp())
    assert None not in found and len(set(found)) == len(found)
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert stamp() is None


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (SPEC, Options(limits=Limits(max_states=2))),
        (SPEC, Options(engine="bmc", limits=Limits(max_depth=2))),
        (SPEC + "state { bool x; } invariant wrong: y;", Options()),
        (SPEC, Options(checks=("nothing",))),
    ],
)
def test_what_is_not_conclusive_is_not_kept(project: Path, cache: Cache, text: str, options: Options) -> None:
    (project / "seal.mmc").write_text(text, encoding="utf-8")
    for _ in range(2):
        outcome = cache.verify_file("seal.mmc", options)
        assert not is_conclusive(outcome) and not outcome.remembered
    assert cache.store.entries() == []


def test_interrupted_is_not_kept(project: Path, cache: Cache) -> None:
    asked = question("seal.mmc", Options())
    outcome = mmcheck.verify_file("seal.mmc")
    assert asked is not None
    cut = replace(outcome, checks=(replace(outcome.checks[0], interrupted=True),))
    assert not cache.keep(asked, cut)
    assert cache.keep(asked, outcome)


def test_a_file_that_changes_meanwhile_is_not_kept(project: Path, cache: Cache) -> None:
    """What was verified is not what was asked about, though it is the same again at the end."""
    asked = question("seal.mmc", Options())
    assert asked is not None
    (project / "models" / "pages.mmc").write_text(CARELESS, encoding="utf-8")
    outcome = mmcheck.verify_file("seal.mmc")
    (project / "models" / "pages.mmc").write_text(MODEL, encoding="utf-8")
    assert not cache.keep(asked, outcome)


def test_a_damaged_entry_is_verified_anew(project: Path, cache: Cache) -> None:
    cache.verify_file("seal.mmc")
    (entry,) = cache.store.entries()
    entry.write_bytes(entry.read_bytes()[:-1])
    assert not cache.verify_file("seal.mmc").remembered
    assert cache.verify_file("seal.mmc").remembered


@pytest.mark.parametrize("content", [b"[[], 1]", b"null", b'[["mmcheck.core.types:BoolType"], [0]]', b"x"])
def test_an_entry_that_holds_something_else_is_verified_anew(
    project: Path, cache: Cache, content: bytes
) -> None:
    asked = question("seal.mmc", Options())
    assert asked is not None and cache.store.put(asked.key, content)
    assert not cache.verify_file("seal.mmc").remembered


def test_imports_that_are_found_as_text_are_those_that_are_parsed() -> None:
    specs = [
        path for folder in ("specs", "models", "docs", "tests") for path in (ROOT / folder).rglob("*.mmc")
    ]
    compared = 0
    for path in specs:
        program = load_program(str(path), Collector())
        behind = files_behind(path)
        if program is not None and behind is not None:
            assert set(program.files) <= set(behind.files), path
            compared += len(program.files) > 1
    assert compared > 10


@pytest.mark.parametrize(
    "text",
    ["import m;", "import\tm ;", "import // why\n m;", "import /* a\n b */m;", "state { bool x; }import m;"],
)
def test_imports_in_odd_dress(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.mmc").write_text("state { bool y; }", encoding="utf-8")
    (tmp_path / "s.mmc").write_text(text, encoding="utf-8")
    program = load_program(str(tmp_path / "s.mmc"), Collector())
    behind = files_behind(tmp_path / "s.mmc")
    assert program is not None and behind is not None
    assert set(program.files) == set(behind.files) and len(program.files) == 2


def test_several_files_are_told_in_order_whatever_is_remembered(project: Path, cache: Cache) -> None:
    for name in ("a", "b", "c"):
        (project / f"{name}.mmc").write_text(SPEC.replace("seal", name), encoding="utf-8")
    files = ["a.mmc", "b.mmc", "c.mmc"]
    cache.verify_file("b.mmc")
    found = [r for r in cache.results(files) if isinstance(r, mmcheck.SpecOutcome)]
    assert [(r.name, bool(r.remembered)) for r in found] == [("a", False), ("b", True), ("c", False)]
    again = [r for r in cache.results(files) if isinstance(r, mmcheck.SpecOutcome)]
    assert [(r.name, bool(r.remembered)) for r in again] == [("a", True), ("b", True), ("c", True)]


def test_what_one_process_read_otherwise_is_not_kept(project: Path, cache: Cache) -> None:
    """Processes that share the checks of a spec read its files each for itself."""
    text = SPEC + "check one {} check two {}\n"
    (project / "seal.mmc").write_text(text, encoding="utf-8")
    asked = question("seal.mmc", Options())
    outcome = mmcheck.verify_file("seal.mmc")
    (project / "models" / "pages.mmc").write_text(CARELESS, encoding="utf-8")
    other = mmcheck.verify_file("seal.mmc")
    assert asked is not None
    assert not cache.keep(asked, replace(outcome, checks=(outcome.checks[0], other.checks[1])))
    assert not cache.keep(asked, replace(outcome, checks=(replace(outcome.checks[0], files=()),)))
    assert cache.keep(asked, outcome)
