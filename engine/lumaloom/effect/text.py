"""The written form of an effect: its name, then `key=value` words, split as a shell splits them."""

from __future__ import annotations

import shlex

from lumaloom.errors import UsageError


def parse_call(text: str) -> tuple[str, dict[str, str]]:
    """Return name and parameters of `blur sigma=5` or `lut file='my look.cube'`.

    Raises:
        UsageError: nothing there, an open quote, a word without `=`, or a key given twice.

    """
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise UsageError(f"effect {text!r}: {str(problem).lower()}; quote values as in a shell") from None
    if not words or "=" in words[0]:
        raise UsageError(f"effect {text!r}: expected a name, then key=value words, as in 'blur sigma=5'")
    values: dict[str, str] = {}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"effect {text!r}: expected key=value, got {word!r}")
        if key in values:
            raise UsageError(f"effect {text!r}: {key} is given twice")
        values[key] = value
    return words[0], values
