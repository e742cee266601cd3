"""ITF: valid by what ADR-015 says, read by a reader that others wrote, and typed as it claims to be."""

from __future__ import annotations

import json
import re
from typing import Any

import itf_py
import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

import mmcheck
from mmcheck.core.check import Expectation, Expected
from mmcheck.core.trace import Trace
from mmcheck.report.itf import ACTION, PICKS, document
from mmcheck.report.run import Run, candidates, run_of

from . import examples

VALUE: dict[str, Any] = {
    "oneOf": [
        {"type": ["boolean", "string"]},
        {"type": "array", "items": {"$ref": "#/$defs/value"}},
        *(
            {
                "type": "object",
                "properties": {key: schema},
                "required": [key],
                "additionalProperties": False,
            }
            for key, schema in {
                "#bigint": {"type": "string", "pattern": "^-?(0|[1-9][0-9]*)$"},
                "#tup": {"type": "array", "items": {"$ref": "#/$defs/value"}},
                "#set": {"type": "array", "items": {"$ref": "#/$defs/value"}, "uniqueItems": True},
                "#map": {
                    "type": "array",
                    "items": {
                        "type": "array",
                        "prefixItems": [{"$ref": "#/$defs/value"}, {"$ref": "#/$defs/value"}],
                        "minItems": 2,
                        "maxItems": 2,
                    },
                },
                "#unserializable": {"type": "string"},
            }.items()
        ),
        {
            "type": "object",
            "propertyNames": {"pattern": "^[^#]"},
            "additionalProperties": {"$ref": "#/$defs/value"},
        },
    ]
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {
        "value": VALUE,
        "state": {
            "type": "object",
            "properties": {"#meta": {"type": "object"}},
            "patternProperties": {"^[^#]": {"$ref": "#/$defs/value"}},
            "additionalProperties": False,
        },
    },
    "type": "object",
    "properties": {
        "#meta": {"type": "object"},
        "params": {"type": "array", "items": {"type": "string"}},
        "vars": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "states": {"type": "array", "items": {"$ref": "#/$defs/state"}},
        "loop": {"type": "integer", "minimum": 0},
    },
    "required": ["vars", "states"],
    "additionalProperties": False,
}
"""What ADR-015 says, and nothing besides: the format has no published schema. No number may be plain."""

EVERY_TYPE = """\
spec kinds;
sort Page = 2;
enum Mode { off, on }
struct Inode { bool dirty; Page? page; 0..3? tries; set Page held; }
state {
    bool flag;
    0..7 n = 3;
    Mode mode[0..1];
    Page first = any;
    Page? maybe;
    1..2? number;
    set Page some;
    set 0..2 few;
    Inode inode[Page][Mode];
    bool empty[Page][Page];
}
process worker(Page p) {
    local Page? mine;
    step take { choose Page q where q != p; mine = q; maybe = q; number = 2; some = {p, q}; few = {0, 2}; }
    step give {
        inode[p][on].page = mine; inode[p][on].held = some; inode[p][on].tries = 1;
        n = (n > 0 ? n - 1 : 0);
    }
}
invariant never(Page p): inode[p][on].page == null;
"""

LOOP = """\
spec turns;
sort Task = 2;
state { bool waiting[Task]; }
fair transition ask(Task t) { require !waiting[t]; waiting[t] = true; }
fair transition serve(Task t) { require waiting[t]; waiting[t] = false; }
liveness quiet: eventually always forall Task t: !waiting[t];
"""


def verified(text: str, name: str) -> Run:
    return run_of([mmcheck.verify(mmcheck.loads(text, name))], "1.2.3")


def everything() -> Run:
    return run_of([examples.spec(examples.naive(), examples.merged(), examples.limited())], "1.2.3")


RUNS = {
    "made by hand": everything,
    "every type": lambda: verified(EVERY_TYPE, "kinds.mmc"),
    "loop": lambda: verified(LOOP, "turns.mmc"),
    "nothing": lambda: run_of((), "1.2.3"),
}


@pytest.mark.parametrize("name", RUNS)
def test_it_is_valid(name: str) -> None:
    trace = document(RUNS[name]())
    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(trace)] == []
    for i, state in enumerate(trace["states"]):
        assert state["#meta"]["index"] == i
        assert set(state) - {"#meta"} == set(trace["vars"])


@pytest.mark.parametrize("number", [3, {"#bigint": 3}, {"#bigint": "03"}, None])
def test_the_schema_refuses_what_the_format_does(number: object) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid({"vars": ["x"], "states": [{"x": number}]})


@pytest.mark.parametrize("name", RUNS)
def test_a_reader_reads_it(name: str) -> None:
    told = json.loads(json.dumps(document(RUNS[name]())))
    trace = itf_py.trace_from_json(told)
    assert trace.vars == told["vars"]
    assert len(trace.states) == len(told["states"])
    assert trace.loop == told.get("loop")


def test_values_are_those_of_the_states() -> None:
    trace = itf_py.trace_from_json(document(verified(EVERY_TYPE, "kinds.mmc")))
    first, last = trace.states[0].values, trace.states[-1].values
    assert (first["flag"], first["n"], first["maybe"], first["some"]) == (False, 3, "null", frozenset())
    assert (first["number"], last["number"]) == (frozenset(), frozenset({2}))
    assert first["mode"] == {0: "off", 1: "off"}
    assert (last["maybe"], last["n"]) == ("Page#1", 2)
    assert (last["some"], last["few"]) == (frozenset({"Page#0", "Page#1"}), frozenset({0, 2}))
    held = last["inode"]["Page#0"]["on"]
    assert (held.page, held.tries, held.held) == ("Page#1", frozenset({1}), last["some"])
    assert last["worker"]["Page#0"].at == "take"
    assert first["empty"]["Page#1"] == {"Page#0": False, "Page#1": False}


def kind(value: Any) -> str:
    """The type of a value as Apalache writes it; `?` for that of the elements of an empty set or map."""
    match value:
        case bool():
            return "Bool"
        case str():
            return "Str"
        case {"#bigint": _}:
            return "Int"
        case {"#set": items}:
            return f"Set({one(map(kind, items))})"
        case {"#map": pairs}:
            return f"({one(kind(key) for key, _ in pairs)} -> {one(kind(item) for _, item in pairs)})"
        case {**fields}:
            return "{ " + ", ".join(f"{name}: {kind(item)}" for name, item in fields.items()) + " }"
    raise AssertionError(value)


def one(kinds: Any) -> str:
    """The kind of all of them, what is known of it from any."""
    found = sorted(set(kinds), key=lambda text: text.count("?")) or ["?"]
    assert all(fits(text, found[0]) for text in found), found
    return found[0]


def fits(text: str, wanted: str) -> bool:
    """Whether a kind is the wanted one, where it is known."""
    return re.fullmatch(".+".join(map(re.escape, text.split("?"))), wanted) is not None


def test_kinds_that_do_not_fit_are_found() -> None:
    assert fits("(Str -> Set(?))", "(Str -> Set(Int))")
    assert not fits("Str", "(Str -> Str)")
    assert not fits(kind({"#map": [["a", "x"], ["b", "y"]]}), "(Str -> Int)")
    with pytest.raises(AssertionError):
        kind({"#set": ["null", {"#bigint": "1"}]})


@pytest.mark.parametrize("name", [name for name in RUNS if name != "nothing"])
def test_every_value_is_of_the_type_that_is_declared(name: str) -> None:
    """What Apalache needs: one type for a variable, in every state."""
    trace = document(RUNS[name]())
    types = trace["#meta"]["varTypes"]
    assert set(types) == set(trace["vars"])
    for state in trace["states"]:
        for variable, type in types.items():
            assert fits(kind(state[variable]), type), (variable, state[variable], type)


def test_steps_are_named() -> None:
    trace = document(verified(EVERY_TYPE, "kinds.mmc"))
    assert [state[ACTION] for state in trace["states"]] == ["init", "worker.take", "worker.give"]
    assert trace["states"][1]["#meta"]["action"] == "worker.take(Page#0)"
    assert trace["states"][1][PICKS] == {"#map": [["p", "Page#0"], ["q", "Page#1"]]}


def test_the_trace_that_matters_most_is_told() -> None:
    trace = document(everything())
    assert trace["#meta"]["check"] == "merged"
    assert trace["#meta"]["property"] == "no model error"
    assert trace["#meta"]["failure"] == "pin(Task#1, Page#0) fails: range overflow: 4 is not in 0..3"
    assert trace["#meta"]["otherTraces"] == len(candidates(everything())) - 1 == 5
    expected = run_of([examples.spec(examples.naive())], "1")
    assert document(expected)["#meta"]["property"] == "sealed_pages_cannot_change"
    witness = replace(examples.naive(), properties=examples.naive().properties[2:])
    assert document(run_of([examples.spec(witness)], "1"))["#meta"]["property"] == "can_seal"


def test_a_loop_goes_on_where_the_trace_does() -> None:
    """Behind the last state comes the state `loop`, by the action that led into it before."""
    run = verified(LOOP, "turns.mmc")
    (found,) = candidates(run)
    told, trace = document(run), found.trace
    assert trace.loop is not None and trace.loop < len(trace.steps)
    assert told["loop"] == trace.loop + 1
    assert trace.states[-1] == trace.states[trace.loop]
    assert found.outcome.expected == Expected(Expectation.HOLDS)


def test_a_run_that_stops_loops_in_its_last_state() -> None:
    stopped = replace(examples.five_steps(), loop=5)
    assert isinstance(stopped, Trace)
    naive = examples.naive()
    sealed = naive.properties[1]
    still = replace(sealed, verdict=replace(sealed.verdict, trace=stopped))
    told = document(run_of([examples.spec(replace(naive, properties=(still,)))], "1"))
    assert (told["loop"], len(told["states"])) == (5, 6)
