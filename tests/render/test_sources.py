"""What code a segment was made by: all that an effect's module may import, wherever it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest

from lumaloom.jobs.segments import sources
from lumaloom.jobs.segments.described import UnknowableError
from lumaloom.jobs.segments.terms import BEGAN

Write = Callable[[str, str], Path]
LOOK = '''
"""Notes from data that nobody imports."""

def render():
    {way}
'''


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module, older than this process, and forget what was known of sources."""
    monkeypatch.setattr(sources, "_seen", {})
    monkeypatch.setattr(sources, "_known", set())
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "large.bin").write_bytes(b"")
    ages = iter(range(1000))

    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        then = BEGAN - (2000 - next(ages)) * 10**9
        os.utime(file, ns=(then, then))
        invalidate_caches()
        sources.source_of.cache_clear()
        return file

    yield write
    sources.source_of.cache_clear()
    for name in [name for name in sys.modules if name.startswith("look_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "way",
    [
        "import look_helper",
        "import os, look_helper as other, re",
        "if True: import look_helper.deep",
        "from look_helper import value",
        "from look_helper.deep import (\n        value,\n    )",
        "from \\\n        look_helper import value",
        "return __import__('look_helper')",
        'return importlib.import_module(\n        f"look_helper.{name}"\n    )',
        "exec('import look_helper')",
        "import look_between",
    ],
)
@pytest.mark.parametrize("package", [False, True])
def test_what_a_function_imports_counts(write: Write, way: str, package: bool) -> None:
    where = "look_helper/deep.py" if package else "look_helper.py"
    write("look_effect.py", LOOK.format(way=way))
    write("look_between.py", "def render():\n    from look_helper import value\n")
    write("look_helper/__init__.py" if package else "look_helper.py", "value = 1\n")
    write(where, "value = 1\n")
    first = sources.source_of("look_effect")
    sources.source_of.cache_clear()
    assert sources.source_of("look_effect") == first
    write(where, "value = 2\n")  # as long as it was
    sources._seen.clear()
    assert sources.source_of("look_effect") != first
    assert "data" not in first


def test_code_that_changes_or_comes_meanwhile_is_not_what_was_looked_at(write: Write) -> None:
    write("look_effect.py", "import look_helper\n")
    helper = write("look_helper.py", "value = 1\n")
    write("look_made_up.py", "value = 1\n")
    sources.source_of("look_effect")
    before = sources.loaded()
    import_module("look_effect")
    assert sources.holds(before), "what it imports is known"
    import_module("_".join(("look", "made", "up")))
    assert not sources.holds(before)
    assert sources.holds(sources.loaded())
    os.utime(helper)
    assert not sources.holds(sources.loaded())
    sources.source_of.cache_clear()
    with pytest.raises(UnknowableError, match=r"look_helper\.py, which changed after it was loaded"):
        sources._text(helper)


def test_code_in_no_file_is_not_known() -> None:
    with pytest.raises(UnknowableError, match=r"code of look_typed\.in, which is in no file"):
        sources.source_of("look_typed.in")
