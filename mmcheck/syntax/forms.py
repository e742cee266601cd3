"""How each statement and each declaration is written: the remedy when one cannot be parsed."""

from __future__ import annotations

DECLARATION_FORMS: dict[str, str] = {
    "spec": "spec name;",
    "import": "import name;",
    "sort": "sort Task = 2;",
    "enum": "enum Data { zero, old, new }",
    "struct": "struct Entry { bool dirty; Block? block; }",
    "const": "const 0..4 limit = 2;",
    "state": "state { bool mapped[Task]; Data data[Page] = zero; }",
    "volatile": "volatile state { bool dirty[Page]; }",
    "init": "init { x = 0; }",
    "def": "def name(Task t) = e;",
    "transition": "transition name(Task t) { require e; x = e; }",
    "process": "process name(Task t) { local Page? p; step first { … } step second { … } }",
    "override": "override transition name(Task t) { … }",
    "fair": "fair transition name(Task t) { … }",
    "strong": "strong fair transition name(Task t) { … }",
    "step": "step invariant name: e;",
    "invariant": "invariant name(Page p): e;",
    "reachable": "reachable name: e;",
    "deadlock": "deadlock free;",
    "liveness": "liveness name: P ~> Q;",
    "assume": "assume name: e;",
    "scenario": "scenario name(Task t) { map(t); blocked unmap(t); assert e; }",
    "check": "check name { Task = 3; only p, q; expect violated p in 5 steps; }",
}

STATEMENT_FORMS: dict[str, str] = {
    "require": "require e;",
    "let": "let name = e;",
    "choose": "choose Task t where e;",
    "if": "if (e) { … } else { … }",
    "forall": "forall Task t where e { … }",
    "assert": "assert e;",
    "reset": "reset x, y;",
    "goto": "goto step;",
    "exit": "exit;",
    "local": "local Page? p = null;",
    "step": "step name { … }",
    "fair": "fair step name { … }",
    "strong": "strong fair step name { … }",
    "blocked": "blocked map(t);",
    "only": "only p, q;",
    "expect": "expect violated p in 5 steps;",
}
