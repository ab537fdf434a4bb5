"""`lumaloom probe`."""

from __future__ import annotations

from lumaloom.cli.output import dump


def probe(file: str, /, *, json: bool = False) -> None:
    """Show what is in a media file.

    Args:
        file: A media file.
        json: Print JSON.

    """
    import lumaloom

    info = lumaloom.probe(file)
    if json:
        dump(info.as_dict())
        return
    from lumaloom.cli.media_table import show

    show(info)
