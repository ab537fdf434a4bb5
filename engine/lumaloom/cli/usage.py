"""One line for words that do not parse."""

from __future__ import annotations

import os
from itertools import pairwise

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnknownOptionError, UnusedCliTokensError


def explain(problem: CycloptsError) -> str:
    """Return what was wrong with the command line, what was expected, and where to read on."""
    commands = problem.command_chain or ()
    help_line = " ".join(["lumaloom", *commands, "--help"])
    return f"{_what(problem)} (`{help_line}` shows what there is)"


def _what(problem: CycloptsError) -> str:
    if isinstance(problem, MissingArgumentError) and problem.argument is not None:
        name = problem.argument.name
        if name.startswith("-"):
            return f"{name} needs a value{_dashed(problem)}"
        return f"{name} is missing"
    if isinstance(problem, UnusedCliTokensError) and problem.unused_tokens:
        word = problem.unused_tokens[0]
        quoted = "; put a pattern such as 'shots/*.png' in quotes, for one clip of all" * os.path.isfile(word)
        return f"unexpected argument {word!r}{quoted}"
    if isinstance(problem, UnknownOptionError):
        words, word = problem.root_input_tokens or [], problem.token.value or problem.token.keyword or ""
        if "-" in words:
            return "'-' is no file: standard input and output are not used; name one"
        if "--" in words and word in words[words.index("--") :]:
            return f"{word} after -- is taken for a file; write options before it"
        if "." in word:
            return f"unknown option: {word}; where that is a file, write ./{word}"
    text = str(problem).strip().removesuffix(".")
    if isinstance(problem, UnknownCommandError):
        text = text.partition(" Available commands")[0]
    text = text.replace(". Did you mean", "; did you mean").removesuffix(".")
    return text[:1].lower() + text[1:]


def _dashed(problem: MissingArgumentError) -> str:
    """Return how a value is written that looks like an option, where one follows."""
    words, names = problem.root_input_tokens or [], problem.argument.names if problem.argument else ()
    for option, value in pairwise(words):
        if option in names and value.startswith("-"):
            return f"; if {value!r} is it, write {option if option.startswith('--') else names[0]}={value}"
    return ""
