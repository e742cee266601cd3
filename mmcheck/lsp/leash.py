"""`mmcheck`, for as long as somebody holds the other end of stdin.

The language server starts its checks through this. Nobody writes to the pipe; when the server ends, however
it does, the system closes it, and a search whose answer nobody will read ends with it. Processes that it has
started follow their parent by themselves.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def main() -> None:
    """Run the command line that stands in the arguments."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    sys.argv[0] = "mmcheck"
    # By name, since the language server is below the commands.
    runpy.run_module("mmcheck", run_name="__main__")


def _end_with_stdin() -> None:
    while os.read(0, 1 << 10):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
