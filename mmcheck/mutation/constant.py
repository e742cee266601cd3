"""Which conditions the constants of a check decide, whatever the state is."""

from __future__ import annotations

from typing import Any

from mmcheck.syntax import ast


class Constants:
    """Tells constant expressions from others. A guard that is constant selects an alternative, or makes a
    check smaller; it is no part of how the design behaves."""

    def __init__(self, declarations: tuple[ast.Decl, ...]) -> None:
        self.known: dict[str, bool] = {}
        self.defs = {d.name.name: d for d in declarations if isinstance(d, ast.DefDecl)}
        for declaration in declarations:
            match declaration:
                case ast.ConstDecl(name=name):
                    self.known[name.name] = True
                case ast.EnumDecl(_, values):
                    self.known |= {value.name: True for value in values}
                case _:
                    pass

    def decide(self, expression: ast.Expr) -> bool:
        """Whether the value follows from constants. What is bound inside of the expression or around it is
        none, so that a guard on the parameters alone is not constant."""
        return self._decide(expression)

    def _decide(self, node: Any) -> bool:
        match node:
            case tuple():
                return all(map(self._decide, node))
            case ast.Name(name):
                return self.known.get(name, False)
            case ast.Call(function, args):
                return self._is_constant_def(function.name) and self._decide(args)
            case ast.At() | ast.By() | ast.Primed():
                return False
            case ast.Ident() | ast.NamedType():
                return True
            case ast.Node():
                return all(
                    self._decide(getattr(node, name)) for name in node.__struct_fields__ if name != "span"
                )
            case _:
                return True

    def _is_constant_def(self, name: str) -> bool:
        """Whether the body of a def is constant. One that is looked at already (a recursion, which is an
        error anyway) is not."""
        if name not in self.known:
            self.known[name] = False
            declaration = self.defs.get(name)
            self.known[name] = declaration is not None and self._decide(declaration.body)
        return self.known[name]
