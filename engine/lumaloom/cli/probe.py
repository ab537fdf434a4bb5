"""`lumaloom probe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumaloom.cli.output import dump

if TYPE_CHECKING:
    from lumaloom.media.info import MediaInfo


def probe(file: str, /, *more: str, json: bool = False) -> None:
    """Show what is in media files; what was found is kept until a file changes.

    Args:
        file: A media file, or pictures such as 'shot.%04d.png'.
        more: Further ones, which are read at the same time.
        json: Print JSON.

    """
    infos = _probed((file, *more))
    if json:
        found = [info.as_dict() for info in infos]
        dump(found if more else found[0])
        return
    from lumaloom.cli.media_table import show

    for info in infos:
        show(info)


def _probed(files: tuple[str, ...]) -> list[MediaInfo]:
    if len(files) == 1:
        import lumaloom

        return [lumaloom.probe(files[0])]
    from lumaloom.composition import Engine

    with Engine() as engine:
        return engine.probe(files)
