"""Diagnostics are rendered with their carets at the right place."""

from __future__ import annotations

from mmcheck.diagnostics import Diagnostic, Note
from mmcheck.report.diagnostics import render
from mmcheck.source import SourceFile, Span


def shown(text: str, part: str, width: int = 80) -> list[str]:
    """The excerpt for the first occurrence of a part of a text."""
    start = text.index(part)
    span = Span(SourceFile("a.mmc", text), start, start + len(part))
    return render(Diagnostic("E200", "it is wrong", span), width).plain.splitlines()


def test_whole_diagnostic() -> None:
    file = SourceFile("a.mmc", "sort Task = 2;\nsort Task = 3;\n")
    diagnostic = Diagnostic(
        "E201",
        "`Task` is declared twice",
        Span(file, 20, 24),
        "rename one of them",
        (Note("the first declaration", Span(file, 5, 9)), Note("names are global")),
    )
    assert render(diagnostic).plain.splitlines() == [
        "a.mmc:2:6: error[E201]: `Task` is declared twice",
        "    2 | sort Task = 3;",
        "      |      ^^^^",
        "  a.mmc:1:6: note: the first declaration",
        "      1 | sort Task = 2;",
        "        |      ^^^^",
        "  note: names are global",
        "  help: rename one of them",
    ]


def test_without_place() -> None:
    assert render(Diagnostic("W600", "nothing to do")).plain == "warning[W600]: nothing to do"


def test_tabs_reach_the_next_stop() -> None:
    assert shown("\tab\tcd;", "cd")[1:] == ["    1 |         ab      cd;", "      |                 ^^"]


def test_wide_characters_take_two_columns() -> None:
    assert shown("// 日本 x", "x")[1:] == ["    1 | // 日本 x", "      |         ^"]
    assert shown("// 日本 x", "日本")[2] == "      |    ^^^^"


def test_only_the_first_line_of_several() -> None:
    assert shown("ab cd\nef", "cd\nef")[1:] == ["    1 | ab cd", "      |    ^^"]


def test_end_of_file() -> None:
    file = SourceFile("a.mmc", "ab\n")
    lines = render(Diagnostic("E100", "more is missing", Span(file, 3, 3))).plain.splitlines()
    assert lines == ["a.mmc:2:1: error[E100]: more is missing", "    2 |", "      | ^"]


def test_escape_sequences_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in "\n".join(shown("ab \x1b[31m cd", "cd"))


def test_a_long_line_is_cut_around_its_carets() -> None:
    text = "a" * 200 + "HERE" + "b" * 200
    lines = shown(text, "HERE", 60)
    assert all(len(line) <= 60 for line in lines)
    start = lines[2].index("^")
    assert lines[1][start : start + 4] == "HERE"
    assert lines[1][8:11] == "..." and lines[1].endswith("...")
    assert lines[2].count("^") == 4
