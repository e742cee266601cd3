"""How large a term is once its `def`s are written out, and how large it may be."""

from __future__ import annotations

from mmcheck.core.terms import Term, children
from mmcheck.elaborate.context import Context
from mmcheck.source import Span

LARGEST_TERM = 200_000
"""The most nodes that an expression may have once its `def`s are expanded."""


DEEPEST_TERM = 200
"""How deeply an expression may be nested once its `def`s are expanded: walks over terms recurse."""


def is_small(context: Context, term: Term, span: Span) -> bool:
    """Whether a term has a bearable size once it is written out; a diagnostic when not."""
    size, depth = measure(term)
    if depth > DEEPEST_TERM:
        message = f"this is nested more than {DEEPEST_TERM} levels deep when its `def`s are expanded"
        context.error("E003", message, span, "let the `def`s build on each other less deeply")
        return False
    if size <= LARGEST_TERM:
        return True
    message = f"this grows to {size:,} parts when its `def`s are expanded"
    context.error("E003", message, span, "let the `def`s build on each other less often")
    return False


def measure(term: Term) -> tuple[int, int]:
    """The number of nodes of a term once it is written out, and its depth. Without recursion, since the term
    may be too deep for it; shared parts are walked once."""
    known: dict[int, tuple[int, int]] = {}
    pending = [term]
    while pending:
        inner = pending[-1]
        parts = list(children(inner))
        missing = [part for part in parts if id(part) not in known]
        if missing:
            pending += missing
            continue
        pending.pop()
        measures = [known[id(part)] for part in parts]
        known[id(inner)] = (1 + sum(s for s, _ in measures), 1 + max((d for _, d in measures), default=0))
    return known[id(term)]
