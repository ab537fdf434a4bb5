"""What `lumaloom --help` shows. It is printed without the parser, whose import would triple its time."""

from __future__ import annotations

import sys

SUMMARY = "Media engine: effects written once in Python, run as SIMD or CUDA kernels."
# One more command is one more file of that name, and one line here.
COMMANDS = {
    "render": "Decode a clip, run its frames through effects, encode the result.",
    "run": "Render what a project file describes.",
    "effects": "List the effects, or explain one.",
    "probe": "Show what is in a media file.",
    "cache": "Show, empty or check what is kept on disk between runs.",
    "config": "Show the settings, and where each comes from.",
    "doctor": "Show what this machine has and what Lumaloom makes of it.",
    "bench": "Measure how fast the kernels are on this machine.",
    "demo": "Make a short clip, render it, and draw a contact sheet of before and after.",
}
EXIT_CODES = "Exit codes: 0 ok, 1 failure, 2 usage, 3 input unreadable, 130 interrupted."


def show() -> None:
    """Print the overview of all commands on stdout."""
    commands = "".join(f"  {name:<9}{what}\n" for name, what in COMMANDS.items())
    sys.stdout.write(
        f"""\
{SUMMARY}

Usage: lumaloom COMMAND [ARGUMENTS]

Commands:
{commands}
  `lumaloom COMMAND --help` explains one. `lumaloom --version` says which this is.

Examples:
  lumaloom demo
  lumaloom effects blur
  lumaloom render in.mp4 out.mp4 -e "blur sigma=6"
  lumaloom render in.mp4 null -e "boxblur radius=20" --threads 1

{EXIT_CODES}
"""
    )
