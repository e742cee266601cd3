"""Checks: which instance each of them is, what it verifies, and what it expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field

from mmcheck.core.check import Check, Expectation, Expected
from mmcheck.core.size import cardinality
from mmcheck.core.system import Liveness, NoModelError, Property, Reachable, Scenario
from mmcheck.core.types import OptionalType, SortType, Type, Value
from mmcheck.diagnostics import Collector, Note
from mmcheck.elaborate.context import Context
from mmcheck.elaborate.expressions import evaluate
from mmcheck.elaborate.lowering import Elaborated, sort_size
from mmcheck.elaborate.scope import Symbols, did_you_mean
from mmcheck.source import SourceFile, Span
from mmcheck.syntax import ast
from mmcheck.syntax.parser import parse

DEFAULT = "default"
"""The check of a file that declares none."""

SCENARIOS = "scenarios"
"""The check that runs the scenarios of a file that declares checks: with everything as declared."""


def declared_checks(
    symbols: Symbols, declared: Elaborated, extra: Mapping[str, Value], collector: Collector
) -> tuple[Check, ...]:
    """The checks of a program: those written, and those that it has without being written. The settings of
    the command line (`extra`) come after a check's own. `declared` is the program with nothing set.

    Their `constants` and `sizes` are only those that are set: the others may follow from them."""
    properties = declared.system.properties
    scenarios = [p.name for p in properties if isinstance(p, Scenario)]
    verified = [p.name for p in properties if not isinstance(p, Scenario)]
    checks = [
        _Reader(declaration, symbols, declared, extra, collector).read()
        for declaration in symbols.checks.values()
    ]
    if not checks:
        checks.append(_plain(DEFAULT, declared, [*verified, *scenarios], extra))
    elif scenarios:
        if (taken := symbols.checks.get(SCENARIOS)) is not None:
            message = f"the check that runs the scenarios is named `{SCENARIOS}` already"
            collector.add("E201", message, taken.name.span, "give this check another name")
        checks.append(_plain(SCENARIOS, declared, scenarios, extra))
    _check_scenarios(checks, declared, extra, collector)
    return tuple(checks)


def _check_scenarios(
    checks: list[Check], declared: Elaborated, extra: Mapping[str, Value], collector: Collector
) -> None:
    """Report scenarios that need more elements than a check has. What the command line sets is left to the
    engine: that a scenario does not fit there is no mistake of the file."""
    for check in checks:
        # Constants that are set may change types, and the sizes of sorts that are not.
        known = check.sizes if check.constants else {**declared.sizes, **check.sizes}
        sizes = {name: size for name, size in known.items() if name not in extra}
        for property in declared.system.properties:
            if not isinstance(property, Scenario) or property.name not in check.properties:
                continue
            for type, count in Counter(p.type for p in property.params).items():
                available = _available(type, sizes, fixed=not check.constants)
                if available is not None and count > available:
                    collector.add(
                        "E506",
                        f"`{property.name}` needs {count} different values of `{type!r}`, and check "
                        f"`{check.name}` has {available}",
                        property.span,
                        "make the sort or range larger, or leave parameters out",
                    )


def _available(type: Type, sizes: Mapping[str, int], fixed: bool) -> int | None:
    """How many values a parameter may have; None where that is not known. `fixed` when the types are those of
    the declarations."""
    base = type.base if isinstance(type, OptionalType) else type
    known = base.name in sizes if isinstance(base, SortType) else fixed
    return cardinality(type, sizes) if known else None


def read_settings(
    source: SourceFile,
    symbols: Symbols,
    declared: Elaborated,
    earlier: Mapping[str, Value],
    collector: Collector,
) -> dict[str, Value]:
    """The settings in a text that consists of one check, given those before it."""
    declarations = parse(source, collector).declarations
    settings: dict[str, Value] = {}
    for declaration in declarations:
        if isinstance(declaration, ast.CheckDecl):
            reader = _Reader(declaration, symbols, declared, earlier, collector)
            reader.read()
            settings |= reader.settings
    return settings


def _plain(name: str, declared: Elaborated, properties: list[str], extra: Mapping[str, Value]) -> Check:
    """A check in which everything is as declared, but for the settings of the command line."""
    constants, sizes = _divided(declared, extra)
    return Check(name, constants, sizes, tuple(extra), tuple(properties), {})


def _divided(declared: Elaborated, settings: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, int]]:
    """Settings of constants, and settings of sizes."""
    constants = {name: value for name, value in settings.items() if name not in declared.sizes}
    sizes = {
        name: value for name, value in settings.items() if name in declared.sizes and isinstance(value, int)
    }
    return constants, sizes


class _Reader(Struct):
    """Reads one check declaration."""

    declaration: ast.CheckDecl
    symbols: Symbols
    declared: Elaborated
    extra: Mapping[str, Value]
    collector: Collector
    settings: dict[str, Value] = field(default_factory=dict)
    places: dict[tuple[str, str], Span] = field(default_factory=dict)
    only: list[str] = field(default_factory=list)
    expected: dict[str, Expected] = field(default_factory=dict)

    def read(self) -> Check:
        for item in self.declaration.items:
            match item:
                case ast.Setting():
                    self._set(item)
                case ast.Only(properties):
                    self.only += [p.name for p in properties if self._property(p) is not None]
                case ast.Expect():
                    self._expect(item)
        settings = {**self.settings, **self.extra}
        constants, sizes = _divided(self.declared, settings)
        return Check(
            self.declaration.name.name,
            constants,
            sizes,
            tuple(settings),
            self._verified(),
            self.expected,
            doc=self.declaration.doc,
            span=self.declaration.span,
        )

    def _once(self, what: str, name: ast.Ident) -> bool:
        """Report what a check says twice."""
        first = self.places.setdefault((what, name.name), name.span)
        if first is not name.span:
            self.collector.add(
                "E502",
                f"this check {what} `{name.name}` twice",
                name.span,
                "leave one of the two out",
                (Note("first here", first),),
            )
        return first is name.span

    def _set(self, setting: ast.Setting) -> None:
        name = setting.name.name
        if not self._once("sets", setting.name):
            return
        context = Context(self.symbols, self.collector, self._constants_so_far(), evaluate)
        match self.symbols.globals.get(name):
            case ast.SortDecl():
                size = sort_size(context, name, setting.value)
                if size is not None:
                    self.settings[name] = size
            case ast.ConstDecl(written):
                type = context.type(written)
                literal = None if type is None else evaluate(context, setting.value, type)
                if literal is not None:
                    self.settings[name] = literal.value
            case _:
                self._unknown_setting(setting.name)

    def _constants_so_far(self) -> dict[str, Value]:
        """What the settings before this one set: `N = 4; limit = N;` speaks of the new `N`."""
        return _divided(self.declared, {**self.settings, **self.extra})[0]

    def _unknown_setting(self, name: ast.Ident) -> None:
        if name.name in self.symbols.broken:
            return
        known = [n for n, s in self.symbols.globals.items() if isinstance(s, ast.SortDecl | ast.ConstDecl)]
        what = "is neither a constant nor a sort" if name.name in self.symbols.globals else "is not declared"
        remedy = did_you_mean(name.name, known, f"a check can set: {', '.join(known) or 'nothing here'}")
        self.collector.add("E500", f"`{name.name}` {what}, so it cannot be set", name.span, remedy)

    def _property(self, name: ast.Ident) -> Property | None:
        """The property of that name; None, with a diagnostic, when there is none."""
        properties = {p.name: p for p in self.declared.system.properties}
        if name.name not in properties and not self._is_broken(name.name):
            self.collector.add(
                "E501",
                f"there is no property `{name.name}`",
                name.span,
                did_you_mean(name.name, properties, f"the properties are: {', '.join(properties)}"),
            )
        return properties.get(name.name)

    def _is_broken(self, name: str) -> bool:
        """Whether a property was declared, but with errors, which are reported where they are."""
        return name in self.symbols.broken or name in self.symbols.properties

    def _expect(self, item: ast.Expect) -> None:
        expectation = _EXPECTATIONS[item.expectation]
        if item.steps is not None and expectation is not Expectation.VIOLATED:
            message = "only a violation has a number of steps"
            self.collector.add("E502", message, item.span, "leave `in … steps` out")
        if not item.properties and expectation is not Expectation.HOLDS:
            message = f"`expect {expectation.value}` of what?"
            self.collector.add("E501", message, item.span, "name the property that is meant")
        for name in item.properties:
            property = self._property(name)
            if property is None or not self._once("says what it expects of", name):
                continue
            if isinstance(property, Reachable | Scenario) and item.steps is not None:
                message = f"`{name.name}` is violated by what is not found, which has no number of steps"
                self.collector.add("E502", message, name.span, "leave `in … steps` out")
            if isinstance(property, Liveness) and item.steps is not None:
                message = f"`{name.name}` is violated by a run that never ends, which has no number of steps"
                self.collector.add("E502", message, name.span, "leave `in … steps` out")
            self.expected[name.name] = Expected(expectation, item.steps, span=item.span)

    def _verified(self) -> tuple[str, ...]:
        """What the check verifies: no model error always; everything, or what `only` names; scenarios only
        where they are named."""
        named = {*self.only, *self.expected}
        names: list[str] = []
        for property in self.declared.system.properties:
            match property:
                case NoModelError():
                    names.append(property.name)
                case Scenario(name):
                    names += [name] * (name in named)
                case _:
                    names += [property.name] * (not self.only or property.name in self.only)
        for name, expected in self.expected.items():
            if name not in names:
                message = f"`{name}` is expected to end somehow, but `only` leaves it out"
                self.collector.add("E502", message, expected.span, "name it behind `only` as well")
        return tuple(names)


_EXPECTATIONS = {
    ast.Expectation.HOLDS: Expectation.HOLDS,
    ast.Expectation.VIOLATED: Expectation.VIOLATED,
    ast.Expectation.UNKNOWN: Expectation.UNKNOWN,
}
