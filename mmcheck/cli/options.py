"""Options that several commands have, with the same words."""

from __future__ import annotations

import click

from mmcheck.cli.completion import complete_setting
from mmcheck.cli.parameters import setting

settings_option = click.option(
    "--set",
    "settings",
    multiple=True,
    type=setting,
    metavar="NAME=VALUE",
    shell_complete=complete_setting,
    show_default="as the check says",
    help="Set a constant or the size of a sort in every check. Repeatable.",
)

width_option = click.option(
    "--width",
    type=click.IntRange(min=40),
    metavar="N",
    show_default="the terminal's; 80 elsewhere, as mails are read",
    help="Columns to lay the text out in.",
)

color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours; `auto` means on a terminal, unless NO_COLOR is set or TERM is dumb.",
)
