"""Bounded model checking: all runs up to a length, the shortest first.

References: A. Biere, A. Cimatti, E. Clarke, Y. Zhu, Symbolic model checking without BDDs, TACAS 1999.
"""

from __future__ import annotations

from mmcheck.core.instance import Instance
from mmcheck.core.system import Scenario
from mmcheck.engines.engine import Answer, Limits, Observe
from mmcheck.engines.limits import Watch
from mmcheck.engines.symbolic.search import Search
from mmcheck.engines.symbolic.solver import Conduct, LimitError

DEPTH = 25
"""How long runs get when no limit is given."""


class BmcEngine:
    """Finds shortest counterexamples and witnesses; proves nothing."""

    name = "bmc"

    def __init__(self, symmetry: bool = True) -> None:
        self.symmetry = symmetry

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties by the runs up to the greatest depth."""
        chosen = tuple(p for p in instance.system.properties if p.name in properties)
        search = Search(instance, chosen, Conduct(self.name, Watch(limits), observe), symmetry=self.symmetry)
        most = DEPTH if limits.max_depth is None else limits.max_depth
        try:
            search.begin()
            if search.has_states and not all(isinstance(p, Scenario) for p in chosen):
                while search.open() and search.deepen(most):
                    pass
        except LimitError as limit:
            search.stopped = str(limit)
        except KeyboardInterrupt:
            search.stopped = "it was interrupted"
            search.interrupted = True
        verdicts = {prop.name: search.verdict(prop, self.name) for prop in chosen}
        return Answer(verdicts, search.statistics(self.name), {}, interrupted=search.interrupted)
