"""Settings: which place wins, and one line for everything that is wrong."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lumaloom
from lumaloom.cache import DiskCache
from lumaloom.errors import UsageError
from lumaloom.services.settings import Settings, config_path, load
from tests.cli.running import run_cli

PLACES = ("file", "environment", "command line")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.mark.parametrize("places", [PLACES[:n] for n in range(4)] + [PLACES[::2], PLACES[1:]])
def test_the_later_place_wins(file: Path, places: tuple[str, ...]) -> None:
    file.write_text("threads = 2\ndevice = 'cpu'\n" if "file" in places else "")
    environment = {"LUMALOOM_CONFIG": str(file), "LUMALOOM_AHEAD": "32MiB", "PATH": "/bin"}
    if "environment" in places:
        environment["LUMALOOM_THREADS"] = "3"
    found = load({"threads": "4"} if "command line" in places else {}, environment)
    value, origin = {
        "": (None, "default"),
        "file": (2, str(file)),
        "environment": (3, "LUMALOOM_THREADS"),
        "command line": (4, "command line"),
    }[places[-1] if places else ""]
    assert (found.settings.threads, found.origins["threads"]) == (value, origin)
    assert found.settings.ahead == 32 << 20
    assert found.origins["device"] == (str(file) if "file" in places else "default")
    assert found.origins.keys() == {each.name for each in fields(Settings)}


@pytest.mark.parametrize(
    ("text", "environment", "given_", "message"),
    [
        ("thread = 2", {}, {}, r"config.toml: no setting 'thread'; did you mean 'threads'\?$"),
        ("zzz = 2", {}, {}, r"config.toml: no setting 'zzz'; `lumaloom config show` lists them$"),
        ("threads = ", {}, {}, r"config.toml: is no TOML: "),
        ("threads = 0", {}, {}, r"^threads: expected an integer of at least 1, got 0 \(from .*config.toml\)$"),
        ("device = 'gpu'", {}, {}, r"^device: expected 'auto', 'cpu' or 'cuda', got 'gpu' \(from .*config.toml\)$"),
        (
            "",
            {"LUMALOOM_THREDS": "2"},
            {},
            r"^LUMALOOM_THREDS: no setting has that name; did you mean 'LUMALOOM_THREADS'",
        ),
        (
            "",
            {"LUMALOOM_THREADS": "two"},
            {},
            r"^threads: expected an integer of at least 1, got 'two' \(from LUMALOOM_THREADS\)$",
        ),
        (
            "",
            {"LUMALOOM_MEMORY_LIMIT": "12"},
            {},
            r"^memory_limit: .*1048576, got '12' \(from LUMALOOM_MEMORY_LIMIT\)$",
        ),
        ("", {}, {"ahaed": "2"}, r"^no setting 'ahaed'; did you mean 'ahead'\?$"),
        ("", {}, {"ahead": "lots"}, r"^ahead: .*got 'lots'$"),
    ],
)
def test_one_line_for_what_is_wrong(
    file: Path, text: str, environment: dict[str, str], given_: dict[str, str], message: str
) -> None:
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load(given_, {"LUMALOOM_CONFIG": str(file), **environment})
    assert "\n" not in str(caught.value)


def test_the_file_is_where_it_should_be(tmp_path: Path) -> None:
    assert config_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/lumaloom/config.toml")
    assert config_path({"XDG_CONFIG_HOME": "/x", "LUMALOOM_CONFIG": "/y"}) == Path("/y")
    assert config_path({}) == Path.home() / ".config/lumaloom/config.toml"
    assert load({}, {"XDG_CONFIG_HOME": str(tmp_path)}).settings == Settings()
    with pytest.raises(UsageError, match=r"absent.toml: no such file; LUMALOOM_CONFIG names it"):
        load({}, {"LUMALOOM_CONFIG": str(tmp_path / "absent.toml")})
    with pytest.raises(UsageError, match="Is a directory"):
        load({}, {"LUMALOOM_CONFIG": str(tmp_path)})
    (tmp_path / "latin.toml").write_bytes(b"# gr\xfcn")
    with pytest.raises(UsageError, match=r"latin.toml: is no TOML"):
        load({}, {"LUMALOOM_CONFIG": str(tmp_path / "latin.toml")})


def test_empty_variables_and_those_of_others_are_left_alone() -> None:
    others = {"LUMALOOM_THREADS": "", "LUMALOOM_DEBUG": "1", "LUMALOOM_MEDIA": "/x", "XDG_CONFIG_HOME": "/nowhere"}
    assert load({}, others).settings == Settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("threads", " 4 ", 4),
        ("ahead", "1.5 GB", 1_500_000_000),
        ("ahead", "12", 12),
        ("cache_limit", 5, 5),
        ("telemetry", "on", True),
        ("telemetry", "False", False),
        ("cache_dir", Path("kept"), Path("kept")),
        ("cache_dir", "kept", Path("kept")),
        ("memory_limit", None, None),
        ("telemetry_exporter", "otlp,file", "otlp,file"),
    ],
)
def test_values_are_read(name: str, value: object, expected: object) -> None:
    found = getattr(load({name: value}, {"XDG_CONFIG_HOME": "/nowhere"}).settings, name)
    assert found == expected
    assert type(found) is type(getattr(Settings(), name)) or getattr(Settings(), name) is None


@given(st.sampled_from(fields(Settings)), st.text(max_size=12) | st.integers().map(str) | st.floats() | st.booleans())
def test_any_value_is_taken_or_refused_in_one_line(setting: Any, value: object) -> None:
    message = ""
    try:
        load({setting.name: value}, {"XDG_CONFIG_HOME": "/nowhere"})
    except UsageError as problem:
        message = str(problem)
        assert message.startswith(f"{setting.name}: expected ")
    assert "\n" not in message


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=4))
def test_any_words_give_settings_or_one_line(words: dict[str, str]) -> None:
    message = ""
    try:
        load(words, {"XDG_CONFIG_HOME": "/nowhere"})
    except UsageError as problem:
        message = str(problem)
    assert "\n" not in message


def test_the_command_shows_them(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("threads = 2\n")
    monkeypatch.setenv("LUMALOOM_CONFIG", str(file))
    monkeypatch.setenv("LUMALOOM_DEVICE", "cpu")
    outcome = run_cli("config", "show", "--set", "ahead=2MiB")
    assert (outcome.code, outcome.err) == (0, "")
    rows = {line.split()[0]: line for line in outcome.out.splitlines() if line.strip()}
    assert rows["threads"].split()[1:3] == ["2", "file"]
    assert str(file) in rows["file"]
    assert "LUMALOOM_DEVICE" in rows["device"]
    assert "2.0 MiB" in rows["ahead"]
    assert "command line" in rows["ahead"]
    assert "unset" in rows["memory_limit"]
    shown = json.loads(run_cli("config", "--json").out)
    assert shown["file"] == str(file)
    assert shown["settings"]["threads"] == {"value": 2, "from": str(file)}


def test_a_render_obeys_them(clip: Path, folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMALOOM_CONFIG", str(file))
    file.write_text(f"threads = 3\nmemory_limit = '64MiB'\nevents_file = '{folder}/events.jsonl'\n")
    outcome = run_cli("render", clip, "null", "-e", "boxblur radius=2", "--json", "--set", "device=cpu")
    assert outcome.code == 0, outcome.err
    assert outcome.events[0]["threads"] == {"decoder": 3, "effects": 3, "encoder": 3, "fixed": True}
    assert outcome.events[-1]["pool"]["limit"] == 64 << 20
    lines = [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text().splitlines()]
    assert lines[0] == "PluginLoaded"
    assert lines[-1] == "RenderFinished"
    assert run_cli("render", clip, "null", "--threads", 1, "--json").events[0]["threads"]["effects"] == 1
    file.write_text("threads = 'many'\n")
    outcome = run_cli("render", clip, "null")
    assert outcome.code == 2
    assert outcome.error.startswith("threads: expected an integer of at least 1")


def test_an_open_clip_obeys_them(clip: Path, folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUMALOOM_CACHE_DIR")
    monkeypatch.setenv("LUMALOOM_CONFIG", str(file))
    file.write_text(f"cache_dir = '{folder}/kept'\nframe_cache = 0\ndevice = 'cpu'\nthreads = 1\n")
    with lumaloom.open(clip) as opened:
        assert len(opened) == 30
        assert opened[9].timing.pts > 0
        assert opened[3].timing.pts > 0
        assert not len(opened._opened.reader._kept)
        assert opened.apply("flip")[3].timing.pts > 0
        assert not len(opened._opened.previews)
    assert DiskCache(folder / "kept", 1 << 30).stats.entries == 1
    assert run_cli("cache", "--json").out.count(f"{folder}/kept") == 1


def test_a_file_of_events_that_cannot_be_written(clip: Path, folder: Path) -> None:
    outcome = run_cli("render", clip, "null", "--set", f"events_file={folder}/missing/events")
    assert outcome.code == 1
    assert outcome.error == f"events_file: {folder}/missing/events: No such file or directory"
    outcome = run_cli("render", clip, "null", "--set", "events_file=/dev/full")
    assert outcome.code == 0, "a full disk under the events is no reason to stop"
    assert "30 frames" in outcome.out
