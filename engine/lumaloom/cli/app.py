"""The commands, each in a file of its own that is imported when it is called for."""

from __future__ import annotations

from cyclopts import App, Parameter

from lumaloom import __version__

# One more command is one more file and one line here.
_COMMANDS = {
    "render": "Decode a clip, run its frames through effects, encode the result.",
    "effects": "List the effects, or explain one.",
    "probe": "Show what is in a media file.",
    "doctor": "Show what this machine has and what Lumaloom makes of it.",
    "demo": "Make a short clip, render it, and draw a contact sheet of before and after.",
}
_EPILOGUE = """\
Examples:
  lumaloom demo
  lumaloom render in.mp4 out.mp4 -e "blur sigma=6"
  lumaloom render in.mp4 null -e "boxblur radius=20"

Exit codes: 0 ok, 1 failure, 2 usage, 3 input unreadable, 130 interrupted.
"""

app = App(
    name="lumaloom",
    version=f"lumaloom {__version__}",
    help="Media engine: effects written once in Python, run as SIMD or CUDA kernels.",
    help_epilogue=_EPILOGUE,
    # Plain text: Markdown would take 30 ms to import, and user strings are never markup.
    help_format="plaintext",
    version_format="plaintext",
    default_parameter=Parameter(negative=(), show_default=False),
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
for _name, _help in _COMMANDS.items():
    app.command(f"lumaloom.cli.{_name}:{_name}", name=_name, help=_help)
