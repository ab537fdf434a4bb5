"""What a project file may hold. One more key is one more field.

The types are msgspec's, which checks the values and writes the JSON schema; loaded where a project is read.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, json

from lumaloom.effect import Effect
from lumaloom.plugins import Registry

_EFFECTS = "In order: text such as 'blur sigma=5', or a table of the effect's name and parameters."
_TIME = "seconds, or text such as '1:02.5', '1500ms' or '37f', a frame."


class Defaults(Struct, kw_only=True, forbid_unknown_fields=True):
    """What holds for every render that does not say otherwise."""

    output: (
        Annotated[
            str,
            Meta(
                description="The result; {stem} and {name}: the input's, without and with its extension. null for none."
            ),
        ]
        | UnsetType
    ) = UNSET
    effects: Annotated[list[str | dict[str, Any]], Meta(description=_EFFECTS)] | UnsetType = UNSET
    device: Annotated[Literal["auto", "cpu", "cuda"], Meta(description="Where effects run.")] | UnsetType = UNSET
    threads: (
        Annotated[int, Meta(ge=1, description="Of decoding, effects and encoding each; else shares of the cores.")]
        | UnsetType
    ) = UNSET
    encoder: Annotated[str, Meta(description="Such as h264, hevc, av1, vp9, ffv1, prores.")] | UnsetType = UNSET
    crf: Annotated[float, Meta(description="Quality, on the encoder's own scale.")] | UnsetType = UNSET
    preset: Annotated[str, Meta(description="The encoder's speed preset.")] | UnsetType = UNSET
    pixel_format: (
        Annotated[str, Meta(description="What is encoded, such as yuv420p; else what keeps most of the pictures.")]
        | UnsetType
    ) = UNSET
    options: (
        Annotated[dict[str, str | int | float | bool], Meta(description="Further options, by the encoder's own names.")]
        | UnsetType
    ) = UNSET
    rate: (
        Annotated[
            str | float, Meta(description="Frames per second of pictures, such as 25, 23.976 or '24000/1001'; else 25.")
        ]
        | UnsetType
    ) = UNSET
    start: Annotated[str | float, Meta(description=f"Where to start, inclusive: {_TIME}")] | UnsetType = UNSET
    end: Annotated[str | float, Meta(description=f"Where to end, exclusive: {_TIME}")] | UnsetType = UNSET
    overwrite: Annotated[bool, Meta(description="Replace an output that exists.")] | UnsetType = UNSET
    best_effort: Annotated[bool, Meta(description="Render what is readable of a damaged input.")] | UnsetType = UNSET
    dither: Annotated[bool, Meta(description="Hide the steps where frames lose depth.")] | UnsetType = UNSET
    table_error: (
        Annotated[float, Meta(ge=0, le=255, description="Levels of 255 that colour may be off; 0 computes it.")]
        | UnsetType
    ) = UNSET
    segments: (
        Annotated[float, Meta(gt=0, description="Seconds of a piece of the video, which is kept for other renders.")]
        | UnsetType
    ) = UNSET
    fuse: (
        Annotated[
            bool, Meta(description="false: every pointwise effect a pass of its own, to compare or find a fault.")
        ]
        | UnsetType
    ) = UNSET


class Render(Defaults, kw_only=True, forbid_unknown_fields=True):
    """One input, or all that a pattern finds, a chain of effects, one output each."""

    input: Annotated[
        str,
        Meta(
            description="A file with video; pictures such as shot.%04d.png; or a pattern for a render of each "
            "file, such as clips/*.mp4 or clips/**/*.mov."
        ),
    ]
    name: Annotated[str, Meta(description="What --only calls it; {stem} and {name} as in output.")] | UnsetType = UNSET


class ProjectFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """Renders; paths are relative to the file."""

    render: Annotated[list[Render], Meta(min_length=1)]
    defaults: Defaults | UnsetType = UNSET


class Keys(Struct, kw_only=True, forbid_unknown_fields=True):
    """Keyframes of a parameter."""

    keys: Annotated[
        dict[str, float | tuple[float, str]],
        Meta(min_length=1, description="Values by time, such as 2s or 37f; [value, easing] for the way to the next."),
    ]
    easing: Annotated[str, Meta(description="For the others.")] = "linear"


def schema(registry: Registry) -> dict[str, Any]:
    """Return the JSON schema of project files with the effects of a registry (draft 2020-12)."""
    _, found = json.schema_components([ProjectFile, Keys], ref_template="#/$defs/{name}")
    root = found.pop("ProjectFile")
    calls = [{"type": "string"}, *(_table(effect) for _, effect in sorted(registry.effects.items()))]
    found["Effect"] = {"anyOf": calls}
    for each in ("Defaults", "Render"):
        found[each]["properties"]["effects"]["items"] = {"$ref": "#/$defs/Effect"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": found}


def _table(effect: type[Effect]) -> dict[str, Any]:
    """Return the schema of an effect as a table; its numbers may be keyframes."""
    plain = effect.schema()
    parameters = {
        name: {"anyOf": [of, {"$ref": "#/$defs/Keys"}, {"type": "string", "pattern": ":"}]}
        if of["type"] in ("number", "integer")
        else of
        for name, of in plain["properties"].items()
    }
    return {
        "title": effect.name,
        "description": plain["description"],
        "type": "object",
        "properties": {"name": {"const": effect.name}, **parameters},
        "required": ["name", *plain["required"]],
        "additionalProperties": False,
    }
