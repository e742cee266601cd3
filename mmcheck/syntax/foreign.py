"""What other languages write, and what this one has instead: the remedies for habits."""

from __future__ import annotations

import unicodedata

from msgspec import Struct


class Foreign(Struct, frozen=True):
    """Something that the language does not have: what it stands for here, if anything, and what to do."""

    meant: str | None
    remedy: str


def _instead(meant: str) -> Foreign:
    return Foreign(meant, f"Write `{meant}`.")


_COMPOUND = Foreign(None, "Write the assignment out, as in `x = x + 1;`.")
_ARITHMETIC = Foreign(None, "Numbers have `+` and `-` only; enumerate the cases, or use a smaller model.")
_SHIFT = Foreign(None, "There are no bit operations; model flags as booleans or as a `set`.")

FOREIGN_SIGNS: dict[str, Foreign] = {
    **dict.fromkeys(("++", "--", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^="), _COMPOUND),
    **dict.fromkeys(("*", "/", "%", "**"), _ARITHMETIC),
    **dict.fromkeys(("<<", ">>", "^"), _SHIFT),
    "->": Foreign(None, "A field is reached with `.`; an implication is written `=>`."),
    "::": Foreign(None, "Values of an enum are written by their name alone; a step is `process.step`."),
    "#": Foreign(None, "Comments begin with `//`, and `!=` means unequal."),
    "@": Foreign(None, "Remove it; a property of a state is written with a `def`."),
    "\\": Foreign(None, "Write `in`, `forall`, `exists`, `|` and `&` for TLA+'s operators."),
    "∅": Foreign(None, "Write `{}`."),
    "~": _instead("!"),
    "¬": _instead("!"),
    "/\\": _instead("&&"),
    "∧": _instead("&&"),
    "\\/": _instead("||"),
    "∨": _instead("||"),
    "==>": _instead("=>"),
    "⇒": _instead("=>"),
    "→": _instead("=>"),
    "<==>": _instead("<=>"),
    "<->": _instead("<=>"),
    "⇔": _instead("<=>"),
    "===": _instead("=="),
    "!==": _instead("!="),
    "<>": _instead("!="),
    "≠": _instead("!="),
    "=<": _instead("<="),
    "≤": _instead("<="),
    "≥": _instead(">="),
    ":=": _instead("="),
    "...": _instead(".."),
    "…": _instead(".."),
    "∈": _instead("in"),
    "∪": _instead("|"),
    "∩": _instead("&"),
    "∀": _instead("forall"),
    "∃": _instead("exists"),
    "−": _instead("-"),
    "–": _instead("-"),
}

FOREIGN_STATEMENTS: dict[str, str] = {
    "while": "There are no loops: `goto` repeats a step, `forall` does a body for all values at once.",
    "for": "There are no loops: `forall Task t { … }` does the body for all values at once.",
    "do": "There are no loops: `goto` repeats a step, `forall` does a body for all values at once.",
    "return": "A transition has no result: `require` says when it may fire; in a process, `exit;` ends it.",
    "switch": "Write `if (…) { … } else if (…) { … }`.",
    "break": "There are no loops to leave.",
    "continue": "There are no loops to go on with.",
    "await": "Write `require e;`: the transition is not enabled until e holds.",
    "when": "Write `require e;`: the transition is not enabled until e holds.",
    "guard": "Write `require e;`: the transition is not enabled until e holds.",
    "else": "An `else` follows the `}` of an `if`.",
}
"""Words that begin a statement elsewhere."""

FOREIGN_DECLARATIONS: dict[str, str] = {
    "module": "Write `spec name;`.",
    "include": "Write `import name;`.",
    "use": "Write `import name;`.",
    "typedef": "Write `enum`, `struct` or `sort`.",
    "type": "Write `enum`, `struct` or `sort`.",
    "var": "Declare variables in `state { … }`.",
    "vars": "Declare variables in `state { … }`.",
    "variables": "Declare variables in `state { … }`.",
    "bool": "Declare variables in `state { … }`.",
    "set": "Declare variables in `state { … }`.",
    "local": "Locals stand in a `process`, before its steps.",
    "static": "Declare variables in `state { … }`.",
    "action": "Write `transition name() { … }`.",
    "rule": "Write `transition name() { … }`.",
    "void": "Write `transition name() { … }` for a change of state, `def name() = e;` for an expression.",
    "function": "Write `def name() = e;`.",
    "property": "Write `invariant`, `step invariant`, `reachable` or `liveness`.",
    "always": "Write `invariant name: e;`.",
    "never": "Write `invariant name: !(e);`.",
}
"""Words that begin a declaration elsewhere."""

FOREIGN_OPERATORS: dict[str, str] = {
    "and": "&&",
    "or": "||",
    "implies": "=>",
    "iff": "<=>",
    "is": "==",
    "equals": "==",
}
"""Words that are operators between two operands elsewhere."""

FOREIGN_TYPES: frozenset[str] = frozenset(
    ("int", "unsigned", "signed", "long", "short", "char", "float", "double", "void", "string", "integer")
)


def describe_character(character: str) -> str:
    """A character as a message can show it."""
    if character.isprintable() and not character.isspace():
        return f"the character `{character}`"
    name = unicodedata.name(character, "")
    return f"the character U+{ord(character):04X}{f' ({name.lower()})' if name else ''}"
