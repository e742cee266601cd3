"""Grounding: an instance without quantifiers, statements or names, as guarded updates over cells.

Each action is executed symbolically, once for each way to make its choices: what it requires becomes a guard,
what it assigns an expression for each cell, what goes wrong in it a condition. Engines that do not interpret
(the explicit engine, the solvers) work on this form; that it means what `core.semantics` means is tested on
random systems.
"""

from __future__ import annotations

from mmcheck.core.ground.grounder import Grounder, nowhere
from mmcheck.core.ground.nodes import Nodes
from mmcheck.core.ground.parts import Beginning, GroundAction, GroundBranch, Predicate

__all__ = ["Beginning", "GroundAction", "GroundBranch", "Grounder", "Nodes", "Predicate", "nowhere"]
