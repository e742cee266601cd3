"""What elaboration knows at every point: the names, the constants of the check, and the types they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from mmcheck.core.system import EXITED, PROGRAM_COUNTER, IndexType, Variable
from mmcheck.core.terms import Literal, Local, Term
from mmcheck.core.types import (
    BOOL,
    EnumType,
    Field,
    OptionalType,
    RangeType,
    SetType,
    SortType,
    StructType,
    Type,
    Value,
    show_value,
)
from mmcheck.diagnostics import Collector
from mmcheck.elaborate.fit import describe
from mmcheck.elaborate.fold import inhabits
from mmcheck.elaborate.scope import EnumValue, Symbol, Symbols, did_you_mean, kind
from mmcheck.source import Span
from mmcheck.syntax import ast
from mmcheck.syntax.foreign import FOREIGN_TYPES

LARGEST_RANGE = 1 << 32
"""Wider ranges are refused: no engine could enumerate them, and no design needs them."""

LARGEST_STRUCT = 10_000
"""The most scalars that a struct may hold, those of its inner structs included."""

DEEPEST = 100
"""How many constants, structs or defs may need each other in a row: walks over them recurse."""


class Definition(Struct, frozen=True):
    """A `def`, lowered once: a function from its parameters to a term. `steps` when it speaks of a step."""

    params: tuple[Local, ...]
    body: Term
    steps: bool


class Context(Struct):
    """One elaboration. `overrides` are the constants that the check sets; `evaluate` lowers a constant
    expression (it is given from outside, since expressions need the context as well)."""

    symbols: Symbols
    collector: Collector
    overrides: Mapping[str, Value]
    evaluate: Callable[[Context, ast.Expr, Type | None], Literal | None]
    constants: dict[str, Literal | None] = field(default_factory=dict)
    definitions: dict[tuple[str, bool], Definition | None] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    """Constants, structs and defs that are being worked out: to find those that need themselves."""
    _types: dict[str, Type | None] = field(default_factory=dict)
    _shapes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """How many scalars each struct holds, and how deeply structs are nested in it."""
    _variables: dict[str, Variable | None] = field(default_factory=dict)

    def error(self, code: str, message: str, span: Span, remedy: str = "") -> None:
        self.collector.add(code, message, span, remedy)

    def unknown(self, what: str, name: str, span: Span, known: list[str], otherwise: str) -> None:
        """Report an unknown name, unless it may have been declared in text that could not be parsed."""
        if name not in self.symbols.broken:
            self.error("E200", f"there is no {what} `{name}`", span, did_you_mean(name, known, otherwise))

    def enter(self, name: str, span: Span) -> bool:
        """Begin to work something out. False, with a diagnostic, when it is being worked out already."""
        if name in self.pending:
            circle = " -> ".join([*self.pending[self.pending.index(name) :], name])
            self.error(
                "E203",
                f"`{name}` is defined by itself: {circle}",
                span,
                "definitions may not be recursive: break the circle",
            )
            return False
        if len(self.pending) == DEEPEST:
            message = f"`{name}` stands at the end of more than {DEEPEST} definitions that need each other"
            self.error("E003", message, span, "let definitions build on each other less deeply")
            return False
        self.pending.append(name)
        return True

    # --- constants ---------------------------------------------------------------------------------------

    def constant(self, declaration: ast.ConstDecl) -> Literal | None:
        """The value of a constant in this elaboration."""
        name = declaration.name.name
        if name not in self.constants:
            if not self.enter(name, declaration.name.span):
                return None
            self.constants[name] = self._constant(declaration)
            self.pending.pop()
        return self.constants[name]

    def _constant(self, declaration: ast.ConstDecl) -> Literal | None:
        type = self.type(declaration.type)
        if type is None:
            return None
        if declaration.name.name in self.overrides:
            return self._overridden(declaration, self.overrides[declaration.name.name], type)
        return self.evaluate(self, declaration.value, type)

    def _overridden(self, declaration: ast.ConstDecl, value: Value, type: Type) -> Literal | None:
        """What a check sets; its type may depend on other constants, so that it fits only now or not."""
        if inhabits(value, type):
            return Literal(value, type)
        message = f"`{declaration.name.name}` is set to {show_value(value)}, which is not in {type!r}"
        self.error("E309", message, declaration.span, "set it to a value of its type")
        return None

    def number(self, expr: ast.Expr, what: str) -> int | None:
        """The value of a constant integer expression."""
        literal = self.evaluate(self, expr, None)
        if literal is None:
            return None
        if isinstance(literal.value, bool) or not isinstance(literal.value, int):
            message = f"{what} is a number, and this is {describe(literal.type)}"
            self.error("E300", message, expr.span, "give a number or a constant")
            return None
        return literal.value

    # --- types -------------------------------------------------------------------------------------------

    def type(self, written: ast.TypeExpr) -> Type | None:
        """The type that was written; None when there is something wrong with it, which is reported."""
        match written:
            case ast.NamedType(name):
                return BOOL if name == "bool" else self._named(name, written.span)
            case ast.RangeType(lo, hi):
                return self._range(lo, hi, written.span)
            case ast.OptionalType(base):
                inner = self._plain(base, "`?`")
                return None if inner is None else OptionalType(inner)
            case ast.SetType(element):
                inner = self._plain(element, "`set`")
                return None if inner is None else SetType(inner)

    def _plain(self, written: ast.TypeExpr, operator: str) -> IndexType | None:
        type = self.type(written)
        if type is None or isinstance(type, SortType | EnumType | RangeType):
            return type
        self.error("E311", f"{operator} goes with a sort, an enum or a range only", written.span, _INSTEAD)
        return None

    def _named(self, name: str, span: Span) -> Type | None:
        if name not in self._types:
            match self.symbols.globals.get(name):
                case ast.SortDecl():
                    self._types[name] = SortType(name)
                case ast.EnumDecl(_, values):
                    self._types[name] = EnumType(name, tuple(value.name for value in values))
                case ast.StructDecl() as struct:
                    return self._struct(struct)
                case other:
                    self._not_a_type(name, span, other is not None)
                    return None
        return self._types[name]

    def _not_a_type(self, name: str, span: Span, known: bool) -> None:
        if known:
            symbol = self.symbols.globals[name]
            self.error("E202", f"`{name}` is {kind(symbol)}, not a type", span, _type_meant(name, symbol))
        elif name in FOREIGN_TYPES:
            pass  # The parser has said so.
        elif name in ("u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "size_t"):
            self.error("E200", f"there is no type `{name}`", span, "numbers have a range: write `0..7`, say")
        else:
            types = (ast.SortDecl, ast.EnumDecl, ast.StructDecl)
            known_types = [n for n, s in self.symbols.globals.items() if isinstance(s, types)]
            self.unknown(
                "type", name, span, [*known_types, "bool"], "declare it: as a sort, an enum or a struct"
            )

    def _struct(self, struct: ast.StructDecl) -> Type | None:
        name = struct.name.name
        if not self.enter(name, struct.name.span):
            return None
        fields: list[Field] = []
        for declared in struct.fields:
            if declared.init is not None:
                self.error(
                    "E402",
                    "a field of a struct has no initial value of its own",
                    declared.init.span,
                    "give the variable of this type its initial value, or assign it in `init`",
                )
            if any(field.name == declared.name.name for field in fields):
                self.error(
                    "E201",
                    f"the field `{declared.name.name}` is declared twice",
                    declared.name.span,
                    "rename one of the two",
                )
                continue
            type = self.type(declared.type)
            if type is not None:
                fields.append(Field(declared.name.name, type))
        self.pending.pop()
        self._types[name] = self._bearable(struct, fields)
        return self._types[name]

    def _bearable(self, struct: ast.StructDecl, fields: list[Field]) -> StructType | None:
        """The struct, unless it holds too much: structs in structs grow without bounds in a few lines."""
        inner = [field.type.name if isinstance(field.type, StructType) else "" for field in fields]
        count = max(1, sum(self._shapes.get(name, (1, 0))[0] for name in inner))
        depth = 1 + max((self._shapes.get(name, (1, 0))[1] for name in inner), default=0)
        if count > LARGEST_STRUCT or depth > DEEPEST:
            message = f"`{struct.name.name}` holds {count:,} values, {depth} structs deep: too much"
            self.error("E003", message, struct.name.span, "hold less, or use an array")
            return None
        self._shapes[struct.name.name] = (count, depth)
        return StructType(struct.name.name, tuple(fields))

    def _range(self, lo: ast.Expr, hi: ast.Expr, span: Span) -> Type | None:
        low, high = self.number(lo, "the bound of a range"), self.number(hi, "the bound of a range")
        if low is None or high is None:
            return None
        if low > high:
            written = isinstance(lo, ast.Number) and isinstance(hi, ast.Number)
            remedy = "write the lower bound first" if written else "set the constants in it to other values"
            self.error("E307", f"the range {low}..{high} is empty", span, remedy)
            return None
        if high - low >= LARGEST_RANGE:
            self.error("E307", f"the range {low}..{high} is too wide", span, "a few values show most bugs")
            return None
        return RangeType(low, high)

    def small_type(self, written: ast.TypeExpr, what: str) -> Type | None:
        """The type of something that takes every value of it: a parameter, a quantifier's variable."""
        type = self.type(written)
        if isinstance(type, SetType | StructType):
            self.error(
                "E311",
                f"{what} cannot be a {'set' if isinstance(type, SetType) else 'struct'}",
                written.span,
                "use a bool, a sort, an enum, a range, or one of these with `?`",
            )
            return None
        return type

    def index_type(self, written: ast.TypeExpr) -> IndexType | None:
        """The type of an array's index."""
        type = self.type(written)
        if type is None or isinstance(type, SortType | EnumType | RangeType):
            return type
        self.error(
            "E311",
            f"an array cannot be indexed by {type!r}",
            written.span,
            "index it by a sort, enum or range",
        )
        return None

    # --- variables ---------------------------------------------------------------------------------------

    def variable(self, declaration: ast.VariableDecl | ast.ProcessDecl) -> Variable | None:
        """The state variable that a declaration makes."""
        name = declaration.name.name
        if name not in self._variables:
            match declaration:
                case ast.VariableDecl():
                    self._variables[name] = self._state_variable(declaration)
                case ast.ProcessDecl():
                    self._variables[name] = self._process_variable(declaration)
        return self._variables[name]

    def _state_variable(self, declaration: ast.VariableDecl) -> Variable | None:
        type = self.type(declaration.type)
        indices = [self.index_type(index) for index in declaration.indices]
        known = [index for index in indices if index is not None]
        if type is None or len(known) < len(indices):
            return None
        name = declaration.name.name
        return Variable(
            name,
            tuple(known),
            type,
            name in self.symbols.volatile,
            doc=declaration.doc,
            span=declaration.span,
        )

    def _process_variable(self, declaration: ast.ProcessDecl) -> Variable | None:
        indices = [self.index_type(param.type) for param in declaration.params]
        known = [index for index in indices if index is not None]
        fields = [Field(PROGRAM_COUNTER, program_counter(declaration))]
        for declared in declaration.locals:
            type = self.type(declared.type)
            if any(field.name == declared.name.name for field in fields):
                self.error(
                    "E201",
                    f"the local `{declared.name.name}` is declared twice",
                    declared.name.span,
                    "rename one of the two",
                )
            elif type is not None:
                fields.append(Field(declared.name.name, type))
        if len(known) < len(indices) or not declaration.steps:
            return None
        name = declaration.name.name
        return Variable(
            name,
            tuple(known),
            StructType(name, tuple(fields)),
            volatile=True,
            process=True,
            doc=declaration.doc,
            span=declaration.span,
        )

    def enum_value(self, symbol: EnumValue) -> Literal:
        """An enum's constant as a term."""
        values = tuple(value.name for value in symbol.enum.values)
        return Literal(symbol.name.name, EnumType(symbol.enum.name.name, values))


def _type_meant(name: str, symbol: Symbol) -> str:
    """What to write instead of a thing that is no type."""
    match symbol:
        case ast.VariableDecl(ast.SetType(element)) | ast.ConstDecl(ast.SetType(element)):
            return f"for the elements of the set, write `{element.span.text} x where x in {name}`"
        case ast.ConstDecl(ast.RangeType()):
            return f"for the numbers below `{name}`, write `0..{name}-1`"
        case _:
            return "name a type here"


_INSTEAD = "for anything else, keep a `bool` beside it"


def program_counter(process: ast.ProcessDecl) -> EnumType:
    """The type of a process's program counter: its steps, then `exited` if an instance can end."""
    steps = tuple(dict.fromkeys(step.name.name for step in process.steps))
    ends = any(_exits(step.body) for step in process.steps)
    return EnumType(f"{process.name.name} step", (*steps, EXITED) if ends else steps)


def _exits(body: tuple[ast.Statement, ...]) -> bool:
    for statement in body:
        match statement:
            case ast.Exit():
                return True
            case ast.If(_, then, orelse) if _exits(then) or _exits(orelse):
                return True
            case _:
                pass
    return False
