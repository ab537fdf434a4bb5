"""`lumaloom config`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from lumaloom.cli.output import amount, console, dump, fields, table
from lumaloom.cli.words import pairs


def config(
    action: Literal["show"] = "show",
    /,
    *,
    set: Annotated[list[str] | None, Parameter(name="--set")] = None,  # noqa: A002 - the word of the command line
    json: bool = False,
) -> None:
    """Show the settings, and where each comes from.

    Defaults are overridden by the settings file, that by LUMALOOM_* variables, and those by --set.

    Args:
        action: What to do.
        set: A setting, as key=value. Give it several times for more.
        json: Print JSON.

    """
    from dataclasses import asdict
    from dataclasses import fields as settings

    from lumaloom.services.settings import Settings, config_path, load

    found = load(pairs(set or [], "--set", "threads=4"))
    values = asdict(found.settings)
    if json:
        rows = {name: {"value": value, "from": found.origins[name]} for name, value in values.items()}
        dump({"file": str(config_path()), "settings": rows})
        return
    out = console()
    origins = {name: "file" if origin == str(config_path()) else origin for name, origin in found.origins.items()}
    meanings = {each.name: each.metadata["description"] for each in settings(Settings)}
    table(
        out,
        ("setting", "value", "from", "meaning"),
        [(name, _shown(value), origins[name], meanings[name]) for name, value in values.items()],
    )
    out.print()
    fields(out, [("file", config_path())])


def _shown(value: Any) -> str:
    from lumaloom.services.settings.model import Bytes

    if value is None:
        return "unset"
    return amount(value) if isinstance(value, Bytes) else str(value)
