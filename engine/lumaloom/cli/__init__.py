"""The command line `lumaloom`: it parses, calls the public API, and prints. `main` is its entry point."""

from lumaloom.cli.main import main

__all__ = ["main"]
