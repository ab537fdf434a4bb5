"""Project files read: TOML to requests."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lumaloom.errors import InputError, UsageError, nearest
from lumaloom.jobs.project.project import Project, ProjectRender, placed
from lumaloom.jobs.request import RenderRequest, check_kind
from lumaloom.jobs.timecode import parse_position, parse_rate
from lumaloom.media.sequence import plain_name
from lumaloom.plugins import Registry, default_registry

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*render[ \t]*\]\]", re.MULTILINE)
_SLOT = re.compile(r"\{(\w+)\}")
# Keys that are made something of; the others go into the request as they are.
_MADE = frozenset({"input", "output", "name", "effects", "options", "rate", "start", "end"})


def load_project(path: str | os.PathLike[str], registry: Registry | None = None) -> Project:
    """Read a project file.

    ```toml
    [defaults]                      # for every render that does not say otherwise
    crf = 20

    [[render]]
    input = "clips/*.mov"           # a pattern makes a render of each file that is no output of it
    output = "small/{stem}.mp4"     # {stem} and {name}: the input's, without and with its extension; no %04d
    effects = ["resize width=640", { name = "exposure", stops = { keys = { 0s = -2, 2s = 0 }, easing = "ease-out" } }]
    ```
    The keys are those of `lumaloom.render`, with `options` for `encoder_options`; `lumaloom run --schema` prints all
    of them. Paths, also those of effects, are relative to the file, and absolute in the requests. Renders are
    counted from 1 in messages.

    Args:
        path: of the file.
        registry: the effects that there are; None for those installed.

    Raises:
        InputError: the file can't be read.
        UsageError: it is no TOML, has an unknown key or a bad value, a pattern finds nothing, two renders have one
            output, or one reads what another writes.
    """
    from lumaloom.jobs.project import checking

    check_kind("path", path)
    path = Path(path)
    values, lines = _parsed(path)
    checking.check_file(values, str(path))
    shared = checking.defaults(values.get("defaults", {}), f"{path}: defaults")
    reader = _Reader(path.parent.absolute(), default_registry() if registry is None else registry)
    found: list[tuple[str, ProjectRender]] = []
    for number, entry in enumerate(values["render"], 1):
        line = f":{lines[number - 1]}" if len(lines) == len(values["render"]) else ""
        where = f"{path}{line}: render[{number}]"
        merged = {**shared, **checking.render(entry, where)}
        found += [(where, each) for each in reader.renders(merged, where)]
    _check_outputs(found)
    return Project(path, tuple(each for _, each in found))


def _parsed(path: Path) -> tuple[dict[str, Any], list[int]]:
    """Return what is in a file, and the lines at which renders begin, as far as they are tables of their own."""
    import tomllib

    try:
        text = path.read_bytes().decode()
        values = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is no TOML: {error}") from None
    return values, [text.count("\n", 0, header.start()) + 1 for header in _HEADER.finditer(text)]


class _Reader:
    """Makes requests of the checked values of a `[[render]]`."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self._folder, self._registry = folder, registry

    def renders(self, values: Mapping[str, Any], where: str) -> list[ProjectRender]:
        """Return the renders of an entry: one, or one for each file that its pattern finds."""
        from lumaloom.jobs.project.effects import effect_text

        for key in ("input", "output"):
            if not values.get(key):
                raise UsageError(f"{where}: {key} is missing")
        effects = tuple(
            effect_text(call, self._registry, self._folder, f"{where}.effects[{number}]")
            for number, call in enumerate(values.get("effects", ()), 1)
        )
        more = {
            **{key: value for key, value in values.items() if key not in _MADE},
            **{key: parse_position(values[key], f"{where}.{key}") for key in ("start", "end") if key in values},
            **({"rate": parse_rate(values["rate"], f"{where}.rate")} if "rate" in values else {}),
            "encoder_options": values.get("options", {}),
        }
        found = [self._render(source, values, effects, more, where) for source in self._inputs(values["input"], where)]
        if len(found) == 1:
            return found
        # Outputs that an earlier run left where the pattern finds them are no inputs.
        makers = {os.path.realpath(each.request.output): each for each in found if each.request.output != "null"}
        return [each for each in found if makers.get(os.path.realpath(each.request.input), each) is each]

    def _render(
        self, source: str, values: Mapping[str, Any], effects: tuple[str, ...], more: dict[str, Any], where: str
    ) -> ProjectRender:
        output = _filled(values["output"], source, f"{where}.output")
        name = _filled(values["name"], source, f"{where}.name") if values.get("name") else Path(output).stem
        target = output if output == "null" else self._placed(output)
        return ProjectRender(name, RenderRequest(input=self._placed(source), output=target, effects=effects, **more))

    def _placed(self, name: str) -> str:
        return placed(self._folder, name)

    def _inputs(self, text: str, where: str) -> list[str]:
        """Return a file's name, or those that a pattern finds, sorted."""
        if not glob.has_magic(text) or os.path.exists(self._placed(text)):
            return [text]
        found = sorted(glob.glob(text, root_dir=self._folder, recursive=True))
        files = [name for name in found if os.path.isfile(self._placed(name))]
        if not files:
            raise UsageError(f"{where}.input: no file in {self._folder} matches {text!r}")
        return files


def _filled(template: str, source: str, where: str) -> str:
    """Return a template with the name of the input in it."""
    name = plain_name(source)
    slots = {"stem": name.stem, "name": name.name}

    def fill(slot: re.Match[str]) -> str:
        if slot[1] not in slots:
            raise UsageError(f"{where}: no {slot[0]}{nearest(slot[1], slots) or '; there are {stem} and {name}'}")
        return slots[slot[1]]

    return _SLOT.sub(fill, template)


def _check_outputs(renders: list[tuple[str, ProjectRender]]) -> None:
    """Check that renders may run in any order and side by side."""
    writers: dict[str, str] = {}
    for where, each in renders:
        output = os.fspath(each.request.output)
        if output == "null":
            continue
        place = os.path.realpath(output)
        if place in writers:
            other = writers[place]
            way = "it writes it twice; put {stem} or {name} into it" if other == where else f"{other} writes it too"
            raise UsageError(f"{where}.output: {output}: {way}")
        writers[place] = where
    for where, each in renders:
        writer = writers.get(os.path.realpath(each.request.input))
        if writer is not None:
            raise UsageError(
                f"{where}.input: {os.fspath(each.request.input)}: {'it' if writer == where else writer} writes that "
                "file, and renders of a project have no order; write elsewhere, or use a project of its own"
            )
