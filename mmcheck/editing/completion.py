"""What can be written at a place: the words that the grammar takes, and the names that mean something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from mmcheck.editing.analysis import Analysis
from mmcheck.editing.hover import signature
from mmcheck.editing.symbols import Definition, Kind, Shape
from mmcheck.editing.tables import Tables
from mmcheck.elaborate.places import SUFFIX, candidates
from mmcheck.syntax import ast
from mmcheck.syntax.expected import Expected, expected
from mmcheck.syntax.lexer import Token, words

TYPES = frozenset({Kind.SORT, Kind.ENUM, Kind.STRUCT})
VALUES = frozenset({Kind.VARIABLE, Kind.CONSTANT, Kind.ENUM_VALUE, Kind.DEF, Kind.PROCESS})
MOVES = frozenset({Kind.TRANSITION, Kind.PROCESS})
_DECLARING = words(
    "spec sort enum struct def transition process step invariant reachable liveness scenario check assume let"
)
_WORD = re.compile(r"\w+\Z")


class Proposal(Struct, frozen=True):
    """Something that can be written: a word of the language (`kind` is None), or a name."""

    text: str
    kind: Kind | None = None
    detail: str = ""
    doc: str = ""


def complete(analysis: Analysis, text: str, offset: int) -> list[Proposal]:
    """What can stand at an offset of a text; `analysis` is that of the text or of an earlier one."""
    before = _WORD.sub("", text[:offset])
    if _in_comment(before):
        return []
    here = expected(before)
    return _Completion(analysis, here).proposals()


def _in_comment(before: str) -> bool:
    return "//" in before[before.rfind("\n") + 1 :]


class _Completion(Struct, frozen=True):
    analysis: Analysis
    expected: Expected

    @property
    def tables(self) -> Tables:
        return self.analysis.index.tables

    @property
    def tokens(self) -> tuple[Token, ...]:
        return self.expected.tokens

    def proposals(self) -> list[Proposal]:
        found = [*self._names()] if self.expected.name else []
        words = sorted(self.expected.words or ())
        return list(dict.fromkeys([*found, *(Proposal(word) for word in words), *self._contextual()]))

    def _contextual(self) -> Iterator[Proposal]:
        """Words that are names elsewhere, so that the grammar does not tell them from names."""
        if self._line_begins() and self._first() == "check":
            yield from (Proposal("only"), Proposal("expect"))
        if self._line_begins() and self._first() == "scenario":
            yield Proposal("blocked")

    def _names(self) -> Iterator[Proposal]:
        """The names that have a meaning here, by what stands before."""
        last = self.tokens[-1].text if self.tokens else ""
        first = self._first()
        match last:
            case "":
                return
            case ".":
                yield from _proposed(self._members())
            case "at":
                yield from _proposed(self._steps(self._base(len(self.tokens) - 1)))
            case "goto":
                yield from self._own_steps()
            case "import":
                yield from self._modules()
            case "reset":
                yield from self._globals(frozenset({Kind.VARIABLE}))
            case _ if self._declares():
                return
            case _ if self._override() is not None:
                yield from self._overridable()
            case _ if first == "check":
                yield from self._in_check()
            case _ if self._is_by() or (first == "scenario" and self._line_begins()) or last == "blocked":
                yield from self._globals(MOVES)
            case _ if self._type_expected():
                yield from self._globals(TYPES)
            case _:
                yield from self._locals()
                yield from self._globals(VALUES)

    # --- where this is -----------------------------------------------------------------------------------

    def _first(self) -> str:
        """The word that says what is being declared."""
        words = [t.text for t in self.tokens[:4] if t.text not in ("override", "fair", "strong", "volatile")]
        return words[0] if words else ""

    def _own_name(self) -> str:
        return next((t.text for t in self.tokens[1:] if t.is_name and t.type == "NAME"), "")

    def _line_begins(self) -> bool:
        return bool(self.tokens) and self.tokens[-1].text in "{;}" and len(self.tokens) > 2

    def _is_by(self) -> bool:
        return [t.text for t in self.tokens[-2:]] == ["by", "("]

    def _override(self) -> str | None:
        """The word behind `override`, when the name of what is overridden comes next."""
        texts = [t.text for t in self.tokens if t.text not in ("fair", "strong")]
        return texts[1] if len(texts) == 2 and texts[0] == "override" else None

    def _declares(self) -> bool:
        """Whether a new name comes here: behind the word that declares it, or behind a type."""
        last = self.tokens[-1]
        if self._override() is not None:
            return False
        return last.text in _DECLARING or last.type in ("NAME", "NUMBER") or last.text in ("bool", "?")

    def _type_expected(self) -> bool:
        last, first = self.tokens[-1].text, self._first()
        if last in ("const", "local", "set", "forall", "exists", "count", "choose"):
            return True
        if first in ("state", "struct"):
            return last in "{;[" or (last == "," and first != "state")
        return self._in_parameters() and last in "(,"

    def _in_parameters(self) -> bool:
        """Whether the list of parameters of the declaration is being written."""
        texts = [t.text for t in self.tokens]
        return texts.count("(") == 1 and ")" not in texts and not {"{", "=", ":"} & set(texts)

    # --- what there is -----------------------------------------------------------------------------------

    def _globals(self, kinds: frozenset[Kind]) -> Iterator[Proposal]:
        yield from _proposed(d for d in self.tables.globals.values() if d.kind in kinds)

    def _locals(self) -> Iterator[Proposal]:
        """The names bound so far in this declaration, and the locals of its process."""
        for binder, name in zip(self.tokens, self.tokens[1:], strict=False):
            owner = self.tables.globals.get(binder.text)
            if name.type == "NAME" and (binder.text in ("let", "bool") or _is_type(owner)):
                yield Proposal(
                    name.text, Kind.LOCAL, "" if binder.text == "let" else f"{binder.text} {name.text}"
                )
        if self._first() in ("process", "step"):
            process = self.tables.globals.get(self._own_name())
            members = self.tables.members.get(process, {}) if process is not None else {}
            yield from _proposed(m for m in members.values() if m.kind is Kind.PROCESS_LOCAL)

    def _steps(self, process: Definition | None) -> list[Definition]:
        members = {} if process is None else self.tables.members.get(process, {})
        return [m for m in members.values() if m.kind is Kind.STEP]

    def _own_steps(self) -> Iterator[Proposal]:
        """The steps of the process that is being written, those behind the place as far as they are known."""
        written = (b.text for a, b in zip(self.tokens, self.tokens[1:], strict=False) if a.text == "step")
        known = (s.name for s in self._steps(self.tables.globals.get(self._own_name())))
        yield from (Proposal(name, Kind.STEP) for name in dict.fromkeys([*written, *known]))

    def _members(self) -> list[Definition]:
        """What can stand behind a dot: fields, or the steps of a process where a transition is named."""
        base = self._base(len(self.tokens) - 1)
        if base is None:
            return []
        if base.kind is Kind.PROCESS and self.tokens[-2].type == "NAME":
            return self._steps(base)
        owner = base if base.kind is Kind.PROCESS else self._type_of(base.shape)
        return (
            [m for m in self.tables.members.get(owner, {}).values() if m.kind is not Kind.STEP]
            if owner
            else []
        )

    def _type_of(self, shape: Shape | None) -> Definition | None:
        if shape is None or not isinstance(shape.type, ast.NamedType):
            return None
        return self.tables.globals.get(shape.type.name)

    def _base(self, end: int) -> Definition | None:
        """What the operand before a token begins with: `remap` in `remap[f].`"""
        depth = 0
        for token in reversed(self.tokens[:end]):
            depth += {"]": 1, "[": -1}.get(token.text, 0)
            if depth == 0 and token.type == "NAME":
                return self.tables.globals.get(token.text)
        return None

    def _overridable(self) -> Iterator[Proposal]:
        kinds = {"transition": Kind.TRANSITION, "def": Kind.DEF, "step": Kind.PROCESS}
        kind = kinds.get(self._override() or "")
        own = self.analysis.source
        yield from _proposed(
            d for d in self.tables.globals.values() if d.kind is kind and d.span.file is not own
        )

    def _in_check(self) -> Iterator[Proposal]:
        line = self._line()
        if not line:
            yield from self._globals(frozenset({Kind.CONSTANT, Kind.SORT}))
        elif line[0] in ("only", "expect"):
            yield from _proposed(self.tables.properties.values())
            yield from (Proposal("no model error"), Proposal("deadlock free"))
        else:
            yield from self._globals(frozenset({Kind.CONSTANT, Kind.ENUM_VALUE}))

    def _line(self) -> Sequence[str]:
        """The words of the statement so far."""
        texts = [t.text for t in self.tokens]
        ends = [i for i, text in enumerate(texts) if text in ("{", ";", "}")]
        return texts[ends[-1] + 1 :] if ends else texts

    def _modules(self) -> Iterator[Proposal]:
        folders = dict.fromkeys(p.parent for p in candidates("x", self.analysis.path))
        names = {p.stem for folder in folders if folder.is_dir() for p in folder.glob(f"*{SUFFIX}")}
        yield from (Proposal(name, Kind.MODULE) for name in sorted(names - {self.analysis.path.stem}))


def _is_type(definition: Definition | None) -> bool:
    return definition is not None and definition.kind in TYPES


def _proposed(definitions: Iterable[Definition]) -> Iterator[Proposal]:
    for definition in definitions:
        yield Proposal(definition.name, definition.kind, signature(definition), definition.doc)
