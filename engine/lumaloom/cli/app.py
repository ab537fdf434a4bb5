"""The parser: every command in a file of its own that is imported when it is called for."""

from __future__ import annotations

from cyclopts import App, Parameter

from lumaloom import __version__
from lumaloom.cli.overview import COMMANDS, EXIT_CODES, SUMMARY

app = App(
    name="lumaloom",
    version=f"lumaloom {__version__}",
    help=SUMMARY,
    help_epilogue=EXIT_CODES,
    # Plain text: user strings are never markup, and Markdown would take 30 ms to import.
    help_format="plaintext",
    version_format="plaintext",
    default_parameter=Parameter(negative=(), show_default=False),
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
for _name, _help in COMMANDS.items():
    app.command(f"lumaloom.cli.{_name}:{_name}", name=_name, help=_help)
