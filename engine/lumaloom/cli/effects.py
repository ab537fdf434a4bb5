"""`lumaloom effects`."""

from __future__ import annotations

import inspect
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from lumaloom.cli.output import console, dump, fields, heading, printable, table, warn
from lumaloom.effect.text import parse_call
from lumaloom.errors import UsageError

if TYPE_CHECKING:
    from lumaloom.effect import Effect, ParamSpec
    from lumaloom.plugins import Registry


def effects(
    name: str | None = None,
    /,
    *,
    preview: str | None = None,
    overwrite: Annotated[bool, Parameter(name=("--overwrite", "-y"))] = False,
    json: bool = False,
) -> None:
    """List the effects, or explain one.

    Args:
        name: The effect to explain; all are listed without it. For a preview also with values: "blur sigma=9".
        preview: Write a PNG picture that shows a test picture before and after the effect.
        overwrite: Replace a preview that exists.
        json: Print JSON, with the JSON schemas of the parameters.

    """
    from lumaloom.plugins import default_registry

    registry = default_registry()
    call = name
    if name is not None:
        name, _ = parse_call(name)
    elif preview is not None:
        raise UsageError("--preview: name the effect too, as in `lumaloom effects blur --preview blur.png`")
    if name is not None and name not in registry.effects:
        raise registry.unknown(name)
    shown_call = None
    if preview is not None and name is not None and call is not None:
        from lumaloom.cli.preview import first_that_shows, write_preview

        with TemporaryDirectory(prefix="lumaloom-") as folder:
            calls = examples(registry.effects[name], Path(folder)) if call == name else [call]
            made = first_that_shows(registry.create(one) for one in calls)
            shown_call = write_preview(Path(preview), made, overwrite=overwrite).replace(f"{folder}/", "")
    if json:
        shown = sorted(registry.effects) if name is None else [name]
        described = [_as_fields(registry, each) for each in shown]
        dump({"effects": described, "failures": failures(registry)} if name is None else described[0])
    elif name is None:
        _list(registry)
    else:
        _explain(registry.effects[name], registry.origins[name])
        if shown_call is not None:
            fields(console(), [("preview", f"{preview}: {shown_call}")])


def failures(registry: Registry) -> list[dict[str, str]]:
    """Return the plugins and effects that were left out, JSON-ready."""
    return [{"plugin": failure.plugin, "reason": failure.reason} for failure in registry.failures]


def _as_fields(registry: Registry, name: str) -> dict[str, Any]:
    effect = registry.effects[name]
    return {
        "name": name,
        "summary": effect.summary(),
        "kind": str(effect.kind),
        "devices": list(effect.devices),
        "plugin": registry.origins[name],
        "schema": effect.schema(),
    }


def _list(registry: Registry) -> None:
    out = console()
    rows = [
        (name, effect.summary(), " ".join(effect.params), str(effect.kind))
        for name, effect in sorted(registry.effects.items())
    ]
    table(out, ("effect", "what it does", "parameters", "kind"), rows)
    if out.is_terminal:
        out.print("\n`lumaloom effects NAME` explains one.", style="dim")
    for failure in registry.failures:
        warn(f"plugin {failure.plugin}: left out: {failure.reason}")


def _explain(effect: type[Effect], origin: str) -> None:
    out = console()
    heading(out, effect.name)
    out.print(_reflowed(inspect.getdoc(effect) or ""))
    out.print()
    if effect.params:
        rows = [(spec.name, spec.expects, _default(spec), spec.help) for spec in effect.params.values()]
        table(out, ("parameter", "expects", "default", "meaning"), rows, right=(2,))
        out.print()
    fields(
        out,
        [
            ("kind", str(effect.kind)),
            ("devices", ", ".join(effect.devices)),
            ("plugin", origin),
            ("example", f"lumaloom render {_files(effect)} -e {_quoted(example(effect))}"),
            ("over time", _moving(effect)),
        ],
    )


def _quoted(call: str) -> str:
    """Return a call as a word of a shell: in double quotes where that is plain, since its values have single ones."""
    return shlex.quote(call) if set(call) & set('"$`\\!') else f'"{call}"'


def _files(effect: type[Effect]) -> str:
    """Return names of an input and an output that keep what the effect makes."""
    return "in.webm out.webm" if getattr(effect, "alpha", False) else "in.mp4 out.mp4"


def _moving(effect: type[Effect]) -> str:
    """Return how a number of the effect is given keyframes; nothing where it has none that is worth moving."""
    numbers = [spec for spec in effect.params.values() if spec.type is float and spec.unit != "s"]
    if not numbers:
        return ""
    spec = numbers[0]
    start = 0.0 if spec.min is None else max(spec.min, 0.0)
    return f"{spec.name}='0s:{start:g} 2s:{_value(spec)} ease-in-out 4s:{start:g}'; 0s is the first frame rendered"


def _reflowed(text: str) -> str:
    """Return text with the line breaks inside its paragraphs taken out, save where lines are indented."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(part if "\n " in part else part.replace("\n", " ") for part in paragraphs)


def _default(spec: ParamSpec) -> str:
    from lumaloom.effect import REQUIRED

    if spec.default is REQUIRED:
        return "required"
    return f"{spec.default:g}" if isinstance(spec.default, float) else printable(spec.default)


def example(effect: type[Effect]) -> str:
    """Return a call of an effect that its ranges allow and that shows something: `blur sigma=4`."""
    from lumaloom.effect import REQUIRED

    required = [spec for spec in effect.params.values() if spec.default is REQUIRED]
    chosen = required or list(effect.params.values())[:1]
    return " ".join([effect.name, *(f"{spec.name}={shlex.quote(_value(spec))}" for spec in chosen)])


def examples(effect: type[Effect], folder: Path) -> list[str]:
    """Return calls of an effect that may show what it does, the plainest first; files that they need are made."""
    from lumaloom.cli.preview import make_sample
    from lumaloom.effect import REQUIRED

    needed = {spec.name: _value(spec) for spec in effect.params.values() if spec.default is REQUIRED}
    for name, value in needed.items():
        if value in ("picture.png", "look.cube"):
            needed[name] = str(make_sample(folder / value))
    words = [effect.name, *(f"{name}={shlex.quote(value)}" for name, value in needed.items())]
    others = [spec for spec in effect.params.values() if spec.name not in needed]
    changed = [f"{spec.name}={shlex.quote(_value(spec))}" for spec in others]
    changed += [f"{spec.name}={choice}" for spec in others for choice in spec.choices]
    return [" ".join(words), *(" ".join([*words, word]) for word in changed)]


def _value(spec: ParamSpec) -> str:
    from lumaloom.effect import REQUIRED, Picture

    if spec.example:
        return spec.example
    if spec.choices:
        return next((choice for choice in spec.choices if choice != spec.default), spec.choices[0])
    if spec.type is Picture:
        return "picture.png"
    if spec.type is bool:
        return "false" if spec.default is True else "true"
    if spec.type is str:
        return "text" if spec.default is REQUIRED or not spec.default else str(spec.default)
    low = 0.0 if spec.min is None else spec.min
    value = 2 * spec.default if spec.default not in (REQUIRED, 0) else low + 1
    if spec.default == 0 and low < 0 and spec.max is not None:
        value = spec.max / 4
    elif spec.type is float and spec.default not in (REQUIRED, 0) and spec.max is not None:
        value = spec.max / 2 if spec.default == spec.max else min(value, (spec.default + spec.max) / 2)
    if spec.default == 0 and spec.unit == "px" and spec.type is int:
        value = 640  # a size whose 0 stands for "whatever follows from the other"
    if spec.max is not None:
        value = min(value, spec.max)
    return f"{max(value, low):g}"
