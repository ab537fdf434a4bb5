"""`lumaloom run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lumaloom.errors import WorkerError
from lumaloom.jobs.execution import LocalExecutor
from tests.cli.running import run_cli
from tests.media import clips

TEXT = """
[defaults]
encoder = "ffv1"
[[render]]
input = "{clip}"
output = "a.mkv"
end = "5f"
[[render]]
input = "gone.mp4"
output = "b.mkv"
[[render]]
input = "{clip}"
output = "c.mkv"
effects = ["flip"]
"""


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.make(tmp_path_factory.mktemp("silent") / "in.mp4", count=6)


@pytest.fixture
def project(tmp_path: Path, silent: Path) -> Path:
    path = tmp_path / "project.toml"
    path.write_text(TEXT.format(clip=silent))
    return path


def test_renders_what_is_asked_for_and_says_so(project: Path) -> None:
    outcome = run_cli("run", project, "--only", "a", "--only", "c*", "--jobs", 2)
    assert (outcome.code, outcome.err) == (0, "")
    assert ["5 frames" in line or "6 frames" in line for line in outcome.out.splitlines()] == [True, True]
    again = run_cli("run", project, "--only", "a")
    assert again.code == 2
    assert "exists" in again.error
    assert run_cli("run", project, "--only", "a", "-y").code == 0
    unknown = run_cli("run", project, "--only", "d")
    assert unknown.code == 2
    assert unknown.error == f"{project}: no render is called 'd'; there are a, b, c"


def test_a_failure_ends_it_unless_it_is_to_go_on(project: Path) -> None:
    outcome = run_cli("run", project)
    assert outcome.code == 3
    assert outcome.out.count("\n") == 1, "the first"
    assert "1 of 3 renders were not begun or stopped; --keep-going" in outcome.err
    assert "gone.mp4: no such file" in outcome.err.splitlines()[-1]
    outcome = run_cli("run", project, "-k")  # the first exists by now
    assert outcome.code == 2
    first, second, last = outcome.err.splitlines()
    assert first.startswith(f"lumaloom: failed: {project.parent}/a.mkv: exists"), "once"
    assert second == f"lumaloom: failed: {project.parent}/b.mkv: {project.parent}/gone.mp4: no such file"
    assert last.startswith("lumaloom: error: ")
    assert outcome.err.endswith("2 of 3 renders failed\n")
    assert (project.parent / "c.mkv").exists()


def test_events_say_whose_they_are(project: Path) -> None:
    outcome = run_cli("run", project, "--json", "--keep-going")
    assert outcome.code == 3
    events = outcome.events
    assert events[0] == {"event": "project", "path": str(project), "renders": 3}
    queued = [event for event in events if event["event"] == "queued"]
    assert [Path(event["output"]).name for event in queued] == ["a.mkv", "b.mkv", "c.mkv"]
    ends = {event["job"]: event["event"] for event in events if event["event"] in ("finish", "failed", "cancelled")}
    assert [ends[event["job"]] for event in queued] == ["finish", "failed", "finish"]
    assert {event["job"] for event in events if event["event"] == "progress"} <= ends.keys()
    assert events[-1]["event"] == "error"


def test_a_dry_run_shows_every_plan(project: Path) -> None:
    outcome = run_cli("run", project, "--dry-run", "--only", "[ac]")
    assert (outcome.code, outcome.err) == (0, "")
    assert "1 of 2  a" in outcome.out
    assert "2 of 2  c" in outcome.out
    assert outcome.out.count("nothing was written") == 2
    events = run_cli("run", project, "--dry-run", "--json").events
    assert [event["event"] for event in events] == ["render", "plan", "render", "error"]
    whole = run_cli("run", project, "--dry-run", "-k")
    assert (whole.code, whole.out.count("nothing was written")) == (3, 2)
    assert f"{project.parent}/b.mkv: " in whole.error
    assert [path.name for path in project.parent.iterdir()] == ["project.toml"]


def test_the_schema_knows_every_effect() -> None:
    schema = json.loads(run_cli("run", "--schema").out)
    assert schema["$schema"].endswith("2020-12/schema")
    definitions = schema["$defs"]
    render = definitions["Render"]
    assert {"input", "output", "effects", "crf", "options"} <= render["properties"].keys()
    assert render["required"] == ["input"]
    assert render["additionalProperties"] is False
    blur = next(each for each in definitions["Effect"]["anyOf"] if each.get("title") == "blur")
    assert blur["properties"]["name"] == {"const": "blur"}
    assert blur["properties"]["sigma"]["anyOf"][0]["maximum"] == 500
    assert '"type": "null"' not in json.dumps(schema["$defs"]["Render"]), "TOML has none"
    refs = {ref.split('"')[0] for ref in json.dumps(schema).split('"#/$defs/')[1:]}
    assert refs == definitions.keys()
    assert run_cli("run").code == 2


def test_a_worker_that_is_lost_is_a_failure(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise WorkerError("lost")

    monkeypatch.setattr(LocalExecutor, "place", lost)
    outcome = run_cli("run", project, "--executor", "local")
    assert (outcome.code, outcome.error) == (1, "lost")
