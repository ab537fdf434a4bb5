"""`lumaloom demo`: its command is in `command.py`, what it draws and writes in the files beside it."""

from lumaloom.cli.demo.command import demo

__all__ = ["demo"]
