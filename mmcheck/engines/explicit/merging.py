"""The kernel that compares sorted candidates with a sorted run, by going through both once.

References: U. Stern and D. Dill, Using magnetic disk instead of main memory in the Murphi verifier, CAV 1998.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.uint64]


@numba.njit(cache=True, nogil=True)
def mark_known(run: Rows, candidates: Rows, known: NDArray[np.bool_]) -> None:
    """Mark the candidates that are in the run. Both are sorted by their words."""
    i = 0
    for c in range(candidates.shape[0]):
        while i < run.shape[0]:
            order = 0
            for w in range(run.shape[1]):
                if run[i, w] != candidates[c, w]:
                    order = -1 if run[i, w] < candidates[c, w] else 1
                    break
            if order == 0:
                known[c] = True
            if order >= 0:
                break
            i += 1
        if i == run.shape[0]:
            break
