"""The command `mmcheck`."""

from __future__ import annotations

from mmcheck.cli.group import mmcheck


def main() -> None:
    """Run the command line and end the process with its exit code."""
    mmcheck.main(prog_name="mmcheck")


if __name__ == "__main__":
    main()
