"""Completion: what fits a place, and nothing else."""

from __future__ import annotations

import pytest

from mmcheck.editing.completion import complete

from .test_index import TEXT, read


@pytest.mark.parametrize(
    ("typed", "there", "not_there"),
    [
        ("", {"transition", "check", "invariant"}, {"table", "require", "holds"}),
        ("tran", {"transition"}, {"table"}),
        ("transition x(", {"Task", "Data", "Entry", "bool"}, {"table", "zero", "forall"}),
        ("transition x(Task t) { ", {"require", "let", "table", "t"}, {"transition", "Task", "steady"}),
        (
            "transition x(Task task) { require ",
            {"task", "table", "is_set", "forall", "zero"},
            {"Task", "write"},
        ),
        ("transition x(Task t) { table[t].", {"value", "dirty"}, {"table", "require"}),
        ("transition x(Task t) { reset ", {"table", "owners", "volatile"}, {"fast", "zero", "Task"}),
        ("invariant x: remap[u] at ", {"first", "second"}, {"table", "remap"}),
        ("invariant x: exists ", {"Task", "Data"}, {"table", "exists"}),
        ("invariant ", set(), {"table", "Task", "transition"}),
        ("step invariant x: by(", {"write", "remap"}, {"table", "first"}),
        ("step invariant x: by(remap.", {"first", "second"}, {"value", "write"}),
        ("process other(Task t) { step one { } step two { goto ", {"one", "two"}, {"first", "table"}),
        ("scenario x(Task t) { ", {"write", "remap", "blocked", "assert"}, {"table", "require"}),
        ("scenario x(Task t) { remap.", {"first", "second"}, {"value", "write"}),
        ("scenario x(Task t) { write(", {"t", "zero", "table"}, {"write", "Task"}),
        ("check x { ", {"fast", "Task", "only", "expect"}, {"table", "steady", "write"}),
        ("check x { expect ", {"holds", "violated", "unknown"}, {"steady", "fast"}),
        ("check x { expect violated ", {"steady", "example", "no model error"}, {"table", "fast"}),
        ("check x { fast = ", {"true", "false", "zero"}, {"table", "steady"}),
        ("override ", {"transition", "def", "step"}, {"table", "invariant"}),
        ("// tran", set(), {"transition"}),
    ],
)
def test_what_is_proposed(typed: str, there: set[str], not_there: set[str]) -> None:
    text = TEXT + typed
    found = {proposal.text for proposal in complete(read(TEXT), text, len(text))}
    assert there <= found, there - found
    assert not_there & found == set()


def test_proposals_say_what_they_are() -> None:
    text = TEXT + "invariant x: "
    found = {p.text: p for p in complete(read(TEXT), text, len(text))}
    assert found["table"].detail == "Entry table[Task]"
    assert found["is_set"].detail == "def is_set(Task t) = table[t].value == one;"
    assert found["forall"].kind is None
