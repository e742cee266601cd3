"""Random specs over the whole language, well typed by construction, small, and written as text.

Generated text rather than generated terms: so the parser, elaboration and the meaning are all inside of what
is tested. Names are unique but for the variables of quantifiers, which shadow each other on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.core.types import (
    BOOL,
    BoolType,
    EnumType,
    Field,
    OptionalType,
    RangeType,
    SetType,
    SortType,
    StructType,
    Type,
)

T = TypeVar("T")
NUMBER = RangeType(None, None)


class Var(Struct, frozen=True):
    """A state variable; `path` leads to the local of a process."""

    name: str
    indices: tuple[Type, ...]
    type: Type


class Ctx(Struct, frozen=True):
    """What may be spoken of: local names with their types, variables that have a value, whether a step is
    being judged, the steps of the process around, and whether `def`s may be used."""

    locals: tuple[tuple[str, Type], ...] = ()
    vars: tuple[Var, ...] = ()
    step: bool = False
    defs: bool = True


class Writer(Struct):
    """Writes one spec, every choice drawn."""

    draw: Callable[[Any], Any]
    types: list[Type] = field(default_factory=list)
    structs: list[StructType] = field(default_factory=list)
    consts: list[tuple[str, Type]] = field(default_factory=list)
    vars: list[Var] = field(default_factory=list)
    inits: dict[str, str] = field(default_factory=dict)
    defs: list[tuple[str, tuple[Type, ...], Type]] = field(default_factory=list)
    processes: list[tuple[str, tuple[Type, ...], tuple[str, ...]]] = field(default_factory=list)
    transitions: list[tuple[str, tuple[Type, ...]]] = field(default_factory=list)
    fresh: int = 0

    # --- choosing ----------------------------------------------------------------------------------------

    def below(self, n: int) -> int:
        return int(self.draw(st.integers(0, n - 1)))

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def chance(self, one_in: int) -> bool:
        """False is the simpler answer."""
        return self.below(one_in) == one_in - 1

    def name(self, stem: str) -> str:
        self.fresh += 1
        return f"{stem}{self.fresh}"

    # --- types -------------------------------------------------------------------------------------------

    def declare_types(self) -> list[str]:
        lines = ["sort A = 2;"]
        self.types = [SortType("A"), EnumType("E", ("e0", "e1"))]
        lines.append("enum E { e0, e1 }")
        if self.chance(2):
            lines.append(f"sort B = {1 + self.below(3)};")
            self.types.append(SortType("B"))
        self.types.append(self.pick([RangeType(0, 1), RangeType(0, 2), RangeType(-1, 1), RangeType(2, 3)]))
        if self.chance(2):
            self.structs.append(
                StructType("S", (Field("f", BOOL), Field("g", self.pick([*self.types, self.optional()]))))
            )
        if self.structs and self.chance(2):
            self.structs.append(StructType("N", (Field("inner", self.structs[0]), Field("h", self.types[1]))))
        for struct in self.structs:
            inner = " ".join(f"{text(f.type)} {f.name};" for f in struct.fields)
            lines.append(f"struct {struct.name} {{ {inner} }}")
        return lines

    def optional(self) -> OptionalType:
        return OptionalType(self.pick(self.types))  # type: ignore[arg-type]  # sorts, enums and ranges only

    def any_type(self) -> Type:
        kind = self.below(9)
        if kind < 3:
            return BOOL
        if kind < 5:
            return self.pick(self.types)
        if kind == 5:
            return self.optional()
        if kind == 6:
            return SetType(self.pick(self.types))  # type: ignore[arg-type]
        return self.pick(self.structs) if self.structs and kind == 7 else self.pick(self.types)

    def small_type(self) -> Type:
        """The type of a parameter or of a bound name."""
        return self.pick([self.types[0], *self.types, BOOL, self.optional()])

    # --- expressions -------------------------------------------------------------------------------------

    def places(self, ctx: Ctx, want: Callable[[Type], bool]) -> list[tuple[Var, tuple[str, ...], Type]]:
        """What can be read: variables, and the fields in them."""
        return [
            (var, path, type)
            for var in ctx.vars
            for path, type in paths(var.type)
            if want(type) and all(self.can(index, ctx) for index in var.indices)
        ]

    def can(self, type: Type, ctx: Ctx) -> bool:
        """Whether there is surely an expression of a type: sorts have no literals."""
        if isinstance(type, StructType):
            return any(local == type for _, local in ctx.locals) or bool(
                [v for v in ctx.vars if v.type == type and not v.indices]
            )
        if not isinstance(type, SortType):
            return True
        return any(local in (type, OptionalType(type)) for _, local in ctx.locals) or any(
            inner in (type, OptionalType(type)) and not v.indices
            for v in ctx.vars
            for _, inner in paths(v.type)
        )

    @staticmethod
    def gives(type: Type) -> Callable[[Type], bool]:
        """What has a value of a type; for a sort, what may be null has one as well."""
        return lambda t: t == type or (isinstance(type, SortType) and t == OptionalType(type))

    def place(self, choice: tuple[Var, tuple[str, ...], Type], ctx: Ctx, depth: int) -> str:
        var, path, _ = choice
        prime = "'" if ctx.step and self.chance(2) and "." not in var.name else ""
        indices = "".join(f"[{self.index(index, ctx, depth - 1)}]" for index in var.indices)
        return f"{var.name}{prime}{indices}{''.join(f'.{name}' for name in path)}"

    def index(self, type: Type, ctx: Ctx, depth: int) -> str:
        return self.expr(type, ctx, max(depth, 0))

    def atoms(self, type: Type, ctx: Ctx) -> list[str]:
        """Literals, constants and local names of a type."""
        found = [name for name, local in (*ctx.locals, *self.consts) if local == type]
        match type:
            case BoolType():
                found += ["false", "true"]
            case RangeType(lo, hi):
                found += [number(n) for n in range(lo or 0, (2 if hi is None else hi) + 1)]
                found += [name for name, local in ctx.locals if isinstance(local, RangeType) and lo is None]
            case EnumType(_, values):
                found += values
            case OptionalType(base):
                found += ["null", *(name for name, local in ctx.locals if local == base)]
            case SetType():
                found += ["{}"]
            case SortType():
                found += [name for name, local in ctx.locals if local == OptionalType(type)]
            case _:
                pass
        return found

    def expr(self, type: Type, ctx: Ctx, depth: int) -> str:
        """An expression that may be given where a value of the type is wanted."""
        atoms = self.atoms(type, ctx)
        places = self.places(ctx, self.gives(type))
        if depth <= 0 or self.chance(4):
            simple = [p for p in places if not p[0].indices]
            if atoms and not (simple and self.chance(2)):
                return self.pick(atoms)
            if simple:
                return self.place(self.pick(simple), ctx, 0)
        if places and (self.chance(2) or (not atoms and depth <= 0)):
            return self.place(self.pick(places), ctx, depth)
        calls = [d for d in self.defs if d[2] == type and all(self.can(p, ctx) for p in d[1])]
        if calls and ctx.defs and self.chance(4):
            return self.call(self.pick(calls), ctx, depth)
        if self.can(type, ctx) and self.chance(6):
            branches = f"{self.expr(type, ctx, depth - 1)} : {self.anchored(type, ctx)}"
            return f"({self.truth(ctx, depth - 1)} ? {branches})"
        match type:
            case BoolType():
                return self.truth(ctx, depth)
            case RangeType():
                return self.number(type, ctx, depth)
            case SetType():
                return self.set_of(type, ctx, depth)
            case OptionalType(base) if self.can(base, ctx):
                return self.expr(base, ctx, depth - 1)
            case _:
                return self.anchored(type, ctx)

    def anchored(self, type: Type, ctx: Ctx) -> str:
        """An expression that tells its own type."""
        names = [name for name, local in (*ctx.locals, *self.consts) if local == type]
        places = self.places(ctx, self.gives(type))
        if places and (not names or self.chance(2)):
            simple = [p for p in places if not p[0].indices]
            return self.place(self.pick(simple or places), ctx, 0)
        rest = [atom for atom in self.atoms(type, ctx) if atom not in ("null", "{}")]
        if names or rest:
            return self.pick(names or rest)
        return "{}" if isinstance(type, SetType) else "null"

    def has_anchor(self, type: Type, ctx: Ctx) -> bool:
        return any(local == type for _, local in (*ctx.locals, *self.consts)) or bool(
            self.places(ctx, lambda t: t == type)
        )

    def call(self, callee: tuple[str, tuple[Type, ...], Type], ctx: Ctx, depth: int) -> str:
        name, params, _ = callee
        args = ", ".join(self.expr(param, ctx, depth - 1) for param in params)
        return f"{name}({args}){chr(39) if ctx.step and self.chance(2) else ''}"

    def truth(self, ctx: Ctx, depth: int) -> str:
        if depth <= 0:
            return self.comparison(ctx, 0)
        kind = self.below(10)
        if kind < 3:
            return self.comparison(ctx, depth)
        if kind == 3:
            return f"(!({self.expr(BOOL, ctx, depth - 1)}))"
        if kind < 6:
            operator = self.pick(["&&", "||", "=>", "<=>"])
            return f"({self.expr(BOOL, ctx, depth - 1)} {operator} {self.expr(BOOL, ctx, depth - 1)})"
        if kind < 8:
            return self.quantified(self.pick(["forall", "exists"]), ctx, depth)
        if kind == 8 and self.processes:
            return self.at(ctx, depth)
        if kind == 9 and ctx.step and self.transitions:
            name = self.pick(self.transitions)[0]
            return f"by({self.pick([name, name.partition('.')[0]])})"
        return self.comparison(ctx, depth)

    def at(self, ctx: Ctx, depth: int) -> str:
        name, params, steps = self.pick(self.processes)
        if not all(self.can(param, ctx) for param in params):
            return self.comparison(ctx, depth)
        prime = "'" if ctx.step and self.chance(2) else ""
        indices = "".join(f"[{self.expr(param, ctx, 0)}]" for param in params)
        return f"({name}{prime}{indices} at {self.pick(steps)})"

    def quantified(self, kind: str, ctx: Ctx, depth: int) -> str:
        binders, inner = self.binders(ctx, ["x", "y", "z"])
        where = f" where {self.expr(BOOL, inner, depth - 2)}" if self.chance(3) else ""
        return f"({kind} {binders}{where}: {self.expr(BOOL, inner, depth - 1)})"

    def binders(self, ctx: Ctx, names: list[str], most: int = 2) -> tuple[str, Ctx]:
        """The text of some binders, and what may be spoken of behind them."""
        start = self.below(len(names) - most + 1)
        bound = [(name, self.small_type()) for name in names[start : start + 1 + self.below(most)]]
        hidden = {name for name, _ in bound}
        outer = tuple((n, t) for n, t in ctx.locals if n not in hidden)
        return ", ".join(f"{text(t)} {n}" for n, t in bound), replace(ctx, locals=(*outer, *bound))

    def comparison(self, ctx: Ctx, depth: int) -> str:
        kind = self.below(4)
        if kind == 1:
            operator = self.pick(["<", "<=", ">", ">="])
            return f"({self.number(NUMBER, ctx, depth)} {operator} {self.number(NUMBER, ctx, depth)})"
        sets = self.places(ctx, lambda t: isinstance(t, SetType))
        if kind == 2 and sets:
            chosen = self.pick(sets)
            element = chosen[2].element  # type: ignore[union-attr]  # sets only
            wanted = OptionalType(element) if self.chance(3) else element
            if self.has_anchor(wanted, ctx):
                return f"({self.anchored(wanted, ctx)} in {self.place(chosen, ctx, depth)})"
        types = [t for t in [BOOL, *self.types, *self.structs, self.any_type()] if self.has_anchor(t, ctx)]
        if not types:
            return self.pick(self.atoms(BOOL, ctx))
        type = self.pick(types)
        sides = [self.anchored(type, ctx), self.expr(type, ctx, depth - 1)]
        operator = self.pick(["==", "!="])
        if isinstance(type, StructType) or self.chance(2) or sides[1] in ("null", "{}"):
            return f"({sides[0]} {operator} {sides[1]})"
        return f"({sides[1]} {operator} {sides[0]})"

    def number(self, type: RangeType, ctx: Ctx, depth: int) -> str:
        kind = self.below(5)
        places = self.places(
            ctx, lambda t: isinstance(t, RangeType) or isinstance(getattr(t, "base", None), RangeType)
        )
        if places and kind in (1, 2):
            return self.place(self.pick(places), ctx, depth)
        if depth > 0 and kind == 3:
            operator = self.pick(["+", "-"])
            left, right = self.number(NUMBER, ctx, depth - 1), self.number(NUMBER, ctx, depth - 1)
            return f"({left} {operator} {right})"
        if depth > 0 and kind == 4:
            sets = self.places(ctx, lambda t: isinstance(t, SetType))
            if sets and self.chance(2):
                return f"count({self.place(self.pick(sets), ctx, depth)})"
            return self.quantified("count", ctx, depth)
        return self.pick(self.atoms(type, ctx))

    def set_of(self, type: SetType, ctx: Ctx, depth: int) -> str:
        if self.can(type.element, ctx) and (depth <= 0 or self.chance(2)):
            items = [self.expr(type.element, ctx, depth - 1) for _ in range(1 + self.below(2))]
            return f"{{{', '.join(items)}}}"
        if depth > 0 and self.has_anchor(type, ctx):
            operator = self.pick(["|", "&", "-"])
            return f"({self.anchored(type, ctx)} {operator} {self.expr(type, ctx, depth - 1)})"
        return "{}"

    # --- statements --------------------------------------------------------------------------------------

    def body(self, ctx: Ctx, depth: int, process: tuple[str, ...] = (), most: int = 3) -> str:
        lines: list[str] = []
        for _ in range(self.below(most + 1)):
            line, ctx = self.statement(ctx, depth, process)
            lines.append(line)
        return " ".join(lines)

    def statement(self, ctx: Ctx, depth: int, process: tuple[str, ...]) -> tuple[str, Ctx]:
        kind = self.below(14)
        if kind < 5:
            return self.assignment(ctx, self.targets(ctx)), ctx
        if kind < 7:
            return f"require {self.expr(BOOL, ctx, 2)};", ctx
        if kind == 7:
            type = self.pick([t for t in (BOOL, *self.types) if self.has_anchor(t, ctx)] or [BOOL])
            name = self.name("n")
            return f"let {name} = {self.anchored(type, ctx)};", replace(
                ctx, locals=(*ctx.locals, (name, type))
            )
        if kind == 8:
            binders, inner = self.binders(ctx, [self.name("c"), self.name("c")])
            where = f" where {self.expr(BOOL, inner, 1)}" if self.chance(2) else ""
            return f"choose {binders}{where};", inner
        if kind == 9 and depth > 0:
            then = self.body(ctx, depth - 1, process, 2)
            if process and self.chance(3):
                then += " " + self.pick([f"goto {self.pick(process)};", "exit;"])
            orelse = f" else {{ {self.body(ctx, depth - 1, (), 2)} }}" if self.chance(2) else ""
            return f"if ({self.expr(BOOL, ctx, 2)}) {{ {then} }}{orelse}", ctx
        if kind == 10:
            return self.bulk(ctx), ctx
        if kind == 11 and self.chance(2):
            return f"assert {self.expr(BOOL, ctx, 1)};", ctx
        if kind == 12:
            names = [v.name for v in self.vars if "." not in v.name] + [name for name, _, _ in self.processes]
            return self.pick([f"reset {self.pick(names)};", "reset volatile;"]) if names else "", ctx
        return self.assignment(ctx, self.targets(ctx)), ctx

    def targets(self, ctx: Ctx) -> list[tuple[Var, tuple[str, ...], Type]]:
        """What can be written: not the locals of a process from outside (they have a dot in their name)."""
        return [
            p
            for p in self.places(replace(ctx, step=False), lambda t: True)
            if "." not in p[0].name and "[" not in p[0].name
        ]

    def assignment(self, ctx: Ctx, targets: list[tuple[Var, tuple[str, ...], Type]]) -> str:
        targets = [t for t in targets if self.can(t[2], ctx)]
        if not targets:
            return ""
        target = self.pick(targets)
        value = (
            "any"
            if self.chance(5) and not isinstance(target[2], StructType)
            else self.expr(target[2], ctx, 2)
        )
        return f"{self.place(target, ctx, 1)} = {value};"

    def bulk(self, ctx: Ctx) -> str:
        """A bulk update of some variables with as many indices as names are bound."""
        arrays = [v for v in self.vars if v.indices]
        if not arrays:
            return ""
        first = self.pick(arrays)
        names = [self.name("b") for _ in first.indices]
        inner = replace(ctx, locals=(*ctx.locals, *zip(names, first.indices, strict=True)))
        where = f" where {self.expr(BOOL, inner, 1)}" if self.chance(3) else ""
        lines = []
        for var in [v for v in arrays if v.indices == first.indices]:
            path, type = self.pick(list(paths(var.type)))
            if self.can(type, inner):
                target = var.name + "".join(f"[{n}]" for n in names) + "".join(f".{p}" for p in path)
                value = "any" if isinstance(type, BoolType) and self.chance(6) else self.expr(type, inner, 2)
                line = f"{target} = {value};"
                lines.append(f"if ({self.expr(BOOL, inner, 1)}) {{ {line} }}" if self.chance(4) else line)
        head = ", ".join(f"{text(t)} {n}" for n, t in zip(names, first.indices, strict=True))
        return f"forall {head}{where} {{ {' '.join(lines)} }}"

    # --- declarations ------------------------------------------------------------------------------------

    def spec(self) -> str:
        lines = self.declare_types()
        for _ in range(self.below(3)):
            type = self.pick([BOOL, *self.types[1:2], self.types[-1]])
            value = self.pick(self.atoms(type, Ctx()))
            name = self.name("k")
            lines.append(f"const {text(type)} {name} = {value};")
            self.consts.append((name, type))
        lines += self.state()
        for _ in range(self.below(3)):
            lines.append(self.definition())
        for _ in range(self.below(2)):
            lines.append(self.process())
        if self.chance(4):
            lines.append(f"init {{ {self.body(self.world(), 1)} }}")
        for _ in range(1 + self.below(3)):
            lines.append(self.transition())
        lines += self.properties()
        return "\n".join(lines) + "\n"

    def world(self, step: bool = False) -> Ctx:
        return Ctx((), tuple(self.vars), step)

    def state(self) -> list[str]:
        blocks: list[str] = []
        for volatile in ("", "volatile ") if self.chance(3) else ("",):
            rows: list[str] = []
            for _ in range(1 + self.below(3)):
                rows.append(self.variable())
            blocks.append(f"{volatile}state {{ {' '.join(rows)} }}")
        return blocks

    def variable(self) -> str:
        type = self.any_type()
        count = 0 if isinstance(type, StructType) else self.pick([0, 0, 1, 1, 2])
        indices = tuple(self.pick(self.types) for _ in range(count))
        ctx = Ctx((), tuple(self.vars), defs=False)
        init = ""
        if holds_sort(type) or self.chance(4):
            init = " = any"
        elif self.can(type, ctx) and self.chance(3) and not isinstance(type, StructType):
            init = f" = {self.expr(type, ctx, 1)}"
        var = Var(self.name("v"), indices, type)
        self.vars.append(var)
        return f"{text(type)} {var.name}{''.join(f'[{text(i)}]' for i in indices)}{init};"

    def definition(self) -> str:
        params = tuple((f"p{i}", self.small_type()) for i in range(self.below(3)))
        ctx = replace(self.world(), locals=params)
        types = [t for t in (BOOL, BOOL, *self.types) if t == BOOL or self.has_anchor(t, ctx)]
        type = self.pick(types)
        body = self.expr(type, ctx, 3) if type == BOOL else self.anchored(type, ctx)
        name = self.name("d")
        self.defs.append((name, tuple(t for _, t in params), type))
        return f"def {name}({', '.join(f'{text(t)} {n}' for n, t in params)}) = {body};"

    def process(self) -> str:
        name, steps = self.name("p"), ("s0", "s1", "s2")[: 1 + self.below(3)]
        param = (("q", self.pick(self.types[:1])),) if self.chance(2) else ()
        locals = [Var("l0", (), self.pick([BOOL, self.types[-1], self.optional()]))] if self.chance(2) else []
        params = tuple(t for _, t in param)
        ctx = replace(self.world(), locals=param, vars=(*self.vars, *locals), defs=True)
        parts = []
        for step in steps:
            body = self.body(ctx, 1, steps)
            end = self.pick(["", "", f" goto {self.pick(steps)};", " exit;"]) if self.chance(2) else ""
            parts.append(f"{self.pick(['', '', 'fair ', 'strong fair '])}step {step} {{ {body}{end} }}")
        exits = (*steps, "exited") if "exit;" in " ".join(parts) else steps
        self.processes.append((name, params, exits))
        self.transitions += [(f"{name}.{step}", params) for step in steps]
        head = f"({', '.join(f'{text(t)} {n}' for n, t in param)})"
        rows = [f"local {text(v.type)} {v.name}{self.pick(['', ' = any'])};" for v in locals]
        for var in locals:
            self.vars.append(Var(f"{name}.{var.name}", (), var.type)) if not params else None
        fairness = self.pick(["", "", "fair ", "strong fair "])
        return f"{fairness}process {name}{head} {{ {' '.join([*rows, *parts])} }}"

    def transition(self) -> str:
        name = self.name("t")
        params = tuple((f"a{i}", self.small_type()) for i in range(self.below(3)))
        body = self.body(replace(self.world(), locals=params), 2, most=4)
        self.transitions.append((name, tuple(t for _, t in params)))
        fairness = self.pick(["", "", "", "fair ", "strong fair "])
        return f"{fairness}transition {name}({', '.join(f'{text(t)} {n}' for n, t in params)}) {{ {body} }}"

    def properties(self) -> list[str]:
        lines: list[str] = []
        for _ in range(1 + self.below(2)):
            lines.append(self.prop("invariant", "i", False))
        for _ in range(self.below(2)):
            lines.append(self.prop("step invariant", "s", True))
        for _ in range(self.below(2)):
            lines.append(self.prop("reachable", "r", False))
        for _ in range(self.below(3)):
            lines.append(self.liveness())
        if self.chance(2):
            lines.append("deadlock free;")
        if self.chance(4):
            lines.append(f"assume {self.name('u')}: {self.expr(BOOL, self.world(), 2)};")
        if self.chance(3):
            lines.append(self.scenario())
        return lines

    def prop(self, word: str, stem: str, step: bool) -> str:
        params = tuple((f"a{i}", self.small_type()) for i in range(self.below(2)))
        head = f"({', '.join(f'{text(t)} {n}' for n, t in params)})" if params else ""
        ctx = replace(self.world(step), locals=params)
        return f"{word} {self.name(stem)}{head}: {self.expr(BOOL, ctx, 4)};"

    def liveness(self) -> str:
        params = tuple((f"a{i}", self.small_type()) for i in range(self.below(2)))
        head = f"({', '.join(f'{text(t)} {n}' for n, t in params)})" if params else ""
        ctx = replace(self.world(), locals=params)
        goal = self.expr(BOOL, ctx, 2)
        form = self.pick(["{0} ~> {1}", "eventually {1}", "always eventually {1}", "eventually always {1}"])
        return f"liveness {self.name('l')}{head}: {form.format(self.expr(BOOL, ctx, 2), goal)};"

    def scenario(self) -> str:
        params = (("a0", self.types[0]), ("a1", self.types[0]))[: self.below(3)]
        ctx = replace(self.world(), locals=params)
        lines = []
        for _ in range(1 + self.below(3)):
            name, types = self.pick(self.transitions)
            if self.chance(3) or not all(self.can(t, ctx) for t in types):
                lines.append(f"assert {self.expr(BOOL, ctx, 1)};")
            else:
                args = ", ".join(self.expr(t, ctx, 0) for t in types)
                lines.append(f"{self.pick(['', '', 'blocked '])}{name}({args});")
        head = ", ".join(f"{text(t)} {n}" for n, t in params)
        return f"scenario {self.name('w')}({head}) {{ {' '.join(lines)} }}"


def paths(type: Type) -> list[tuple[tuple[str, ...], Type]]:
    """A type itself, and every field inside of it."""
    found: list[tuple[tuple[str, ...], Type]] = [((), type)]
    if isinstance(type, StructType):
        found += [((f.name, *path), t) for f in type.fields for path, t in paths(f.type)]
    return found


def holds_sort(type: Type) -> bool:
    return any(isinstance(inner, SortType) for _, inner in paths(type))


def text(type: Type) -> str:
    return repr(type)


def number(value: int) -> str:
    return str(value) if value >= 0 else f"(-{-value})"


@st.composite
def specs(draw: Any) -> str:
    """The text of a spec."""
    return Writer(draw).spec()
