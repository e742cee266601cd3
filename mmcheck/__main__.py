"""The command `mmcheck`."""

from __future__ import annotations

import gc

from mmcheck.cli.group import mmcheck


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Modules and a system are made of many small objects that stay; looking through them for garbage again
    # and again, as every 700 new ones would have it, is a twentieth of the time of a small run.
    gc.set_threshold(50_000, 20, 100)
    mmcheck.main(prog_name="mmcheck")


if __name__ == "__main__":
    main()
