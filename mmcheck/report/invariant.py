"""Inductive invariants as text: what a proof rests on, as declarations that can be pasted into the spec.

The lemmas are those of the proofs of one check; each stands once, with the properties whose proof needs it,
and with the transitions that do, where that is known.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from mmcheck.core.outcome import CheckOutcome, SpecOutcome
from mmcheck.core.verdict import EverySize, Inductive, Proved, Violated
from mmcheck.report.layout import PROSE, block, fill, printable, separated, words
from mmcheck.report.styles import QUIET, TITLE


def render(outcome: SpecOutcome, width: int) -> Text:
    """The lemmas of each check that has proofs by induction; nothing where none has."""
    lines: list[Text] = []
    for check in outcome.checks:
        lines += [Text()] * bool(lines) + list(_check(check, width))
    return block(lines) if lines else Text()


def _check(check: CheckOutcome, width: int) -> Iterator[Text]:
    found = needed_by(check)
    alone = [name for name, lemmas in _proofs(check) if not lemmas]
    if not found and not alone:
        return
    yield Text.assemble(("Inductive invariant", TITLE), f" of check {printable(check.check.name)}")
    if alone:
        yield from _comment("proved without a lemma:", alone, width)
    for name, (lemma, properties) in zip(_names(check, len(found)), found.items(), strict=True):
        yield from _comment("for", properties, width)
        if transitions := _transitions(check, lemma):
            yield from _comment("needed by", transitions, width)
        yield Text(f"  invariant {name}: {printable(lemma)};")


def _comment(what: str, names: list[str], width: int) -> Iterator[Text]:
    tokens = words(what) + separated(map(printable, names))
    return (Text(f"  // {line}", QUIET) for line in fill(tokens, min(width, PROSE) - 5))


def needed_by(check: CheckOutcome) -> dict[str, list[str]]:
    """Each lemma that the spec has not yet, with the names of the properties whose proof needs it."""
    declared = {prop.name for prop in check.instance.system.properties}
    found: dict[str, list[str]] = {}
    for name, lemmas in _proofs(check):
        for lemma in lemmas:
            if lemma not in declared:
                found.setdefault(lemma, []).append(name)
    return found


def _transitions(check: CheckOutcome, lemma: str) -> list[str]:
    """The transitions that need a lemma, in some proof: without it they might break another, or what is
    proved."""
    found: set[str] = set()
    for outcome in check.properties:
        match outcome.verdict:
            case Proved(EverySize(texts=texts) as evidence):
                pairs = zip(texts, evidence.needed_by, strict=True)
                found |= {name for text, names in pairs if text == lemma for name in names}
            case _:
                pass
    return [t.name for t in check.instance.system.transitions if t.name in found]


def _proofs(check: CheckOutcome) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The proofs by induction: of which property, with which lemmas."""
    for outcome in check.properties:
        match outcome.verdict:
            case (
                Proved(Inductive(texts=texts) | EverySize(texts=texts))
                | Violated(evidence=Inductive(texts=texts))
            ):
                yield outcome.prop.name, texts
            case _:
                pass


def _names(check: CheckOutcome, count: int) -> Iterator[str]:
    """Names that no property of the spec has."""
    taken = {prop.name for prop in check.instance.system.properties}
    candidates = (f"lemma_{i}" for i in range(1, count + len(taken) + 1))
    free = [name for name in candidates if name not in taken]
    return iter(free[:count])
