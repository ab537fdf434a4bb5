"""Words of the command line that are a name and a value."""

from __future__ import annotations

from collections.abc import Iterable

from lumaloom.errors import UsageError


def pairs(words: Iterable[str], option: str, example: str) -> dict[str, str]:
    """Return `key=value` words as a dictionary.

    Raises:
        UsageError: a word of another form, or a key that is given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise UsageError(f"{option} {word!r}: expected key=value, as in {option} {example}")
        if key in found:
            raise UsageError(f"{option} {key} is given twice")
        found[key] = value
    return found
