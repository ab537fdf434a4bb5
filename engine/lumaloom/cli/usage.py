"""One line for words that do not parse."""

from __future__ import annotations

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnusedCliTokensError


def explain(problem: CycloptsError) -> str:
    """Return what was wrong with the command line, what was expected, and where to read on."""
    commands = problem.command_chain or ()
    help_line = " ".join(["lumaloom", *commands, "--help"])
    return f"{_what(problem)} (`{help_line}` shows what there is)"


def _what(problem: CycloptsError) -> str:
    if isinstance(problem, MissingArgumentError) and problem.argument is not None:
        name = problem.argument.name
        if name.startswith("-"):
            return f"{name} needs a value"
        return f"{name} is missing"
    if isinstance(problem, UnusedCliTokensError) and problem.unused_tokens:
        return f"unexpected argument {problem.unused_tokens[0]!r}"
    text = str(problem).strip().removesuffix(".")
    if isinstance(problem, UnknownCommandError):
        text = text.partition(" Available commands")[0]
    text = text.replace(". Did you mean", "; did you mean").removesuffix(".")
    return text[:1].lower() + text[1:]
