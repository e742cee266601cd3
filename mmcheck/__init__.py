"""mmcheck: a model checker for the memory-management and file-system designs of kernels."""

from __future__ import annotations

__version__ = "0.1.0"
