"""`lumaloom demo`: makes a clip, renders it through the public API, and shows before and after."""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from lumaloom.cli.bar import ProgressBar
from lumaloom.cli.output import console, fields, heading, percentages
from lumaloom.cli.stopping import stopping
from lumaloom.errors import CancelledError, OutputError

if TYPE_CHECKING:
    from lumaloom.jobs import RenderResult

# What the clip is rendered through, and what is shown of every effect by itself.
_CHAIN = ("blur sigma=7", "brightness amount=-0.06")
_PRESET = "veryfast"
_GALLERY = (
    "blur sigma=14",
    "boxblur radius=16",
    "brightness amount=0.2",
    "resize width=128 filter=area",
    "crop width=480 height=270",
    "flip axis=horizontal",
)
# Shares of the clip at which pictures are taken.
_MOMENTS = (0.1, 0.35, 0.6, 0.85)
_HERO = 0.75


def demo(dir: str = "lumaloom-demo", /, *, device: str = "auto") -> None:  # noqa: A002
    """Make a short clip, render it, and draw a contact sheet of before and after.

    Args:
        dir: Folder for two clips and three pictures, named demo-*; those of an earlier demo are replaced.
        device: auto, cpu or cuda: where the effects run.

    """
    from lumaloom.device import choose

    choose(device)
    out = console()
    heading(out, "Lumaloom demo")
    with stopping() as cancel, _folder(Path(dir)) as folder:
        source, rendered = folder / "demo-source.mp4", folder / "demo-rendered.mp4"
        fields(out, [("clip", _make_clip(source, cancel))])
        fields(out, [("kernels", _warm_up(source, device))])
        _stop_if(cancel)
        result = _render(source, rendered, device, cancel)
        shares = {name: value / sum(result.stage_seconds.values()) for name, value in result.stage_seconds.items()}
        fields(out, [("render", _speed(result)), ("effects", ", ".join(_CHAIN)), ("time", percentages(shares))])
        fields(out, [("cpu", _cpu()), ("gpu", _gpu())])
        sheet = _make_pictures(folder, source, rendered, result, device, cancel)
    here = shlex.quote(str(source))
    fields(
        out,
        [
            ("pictures", f"{folder / 'demo-before.png'}, {folder / 'demo-after.png'}"),
            ("look at", sheet),
            ("next", f'lumaloom render {here} out.mp4 -e "boxblur radius=20"'),
        ],
    )


@contextmanager
def _folder(path: Path) -> Generator[Path, None, None]:
    """Give a folder that exists; one that was made for a demo that failed is removed again."""
    made = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: the folder can't be made: {error.strerror}") from None
    try:
        yield path
    except BaseException:
        if made:
            with suppress(OSError):
                path.rmdir()
        raise


def _stop_if(cancel: Event) -> None:
    if cancel.is_set():
        raise CancelledError("demo: cancelled")


def _make_clip(source: Path, cancel: Event) -> str:
    from lumaloom.cli.demo.clip import write_clip
    from lumaloom.cli.demo.scene import FRAMES, HEIGHT, RATE, WIDTH
    from lumaloom.device import cores

    start = time.perf_counter()
    with ProgressBar("drawing the clip") as bar:
        write_clip(source, cores(), cancel, bar.count)
    seconds = time.perf_counter() - start
    return f"{source}: {FRAMES} frames of {WIDTH}x{HEIGHT} at {RATE} fps, drawn and encoded in {seconds:.1f} s"


def _warm_up(source: Path, device: str) -> str:
    """Render one frame, so that compiling is no part of the render's figures."""
    import lumaloom

    start = time.perf_counter()
    with ProgressBar("preparing kernels"), lumaloom.open(source, device=device) as clip:
        clip.apply(*_CHAIN)[0]
    return f"ready in {time.perf_counter() - start:.1f} s; compiled ones are kept for the next time"


def _render(source: Path, rendered: Path, device: str, cancel: Event) -> RenderResult:
    import lumaloom

    with ProgressBar() as bar:
        return lumaloom.render(
            source,
            rendered,
            _CHAIN,
            device=device,
            preset=_PRESET,
            overwrite=True,
            events=bar.bus,
            cancel=cancel,
        )


def _make_pictures(
    folder: Path, source: Path, rendered: Path, result: RenderResult, device: str, cancel: Event
) -> Path:
    """Write the pictures of before and after, and the contact sheet, whose path is returned."""
    import lumaloom
    from lumaloom.cli.demo.pictures import Picture, write_png
    from lumaloom.cli.demo.sheet import Pair, SheetContents, draw_sheet

    def picture(clip: lumaloom.Clip, number: int) -> Picture:
        _stop_if(cancel)
        return clip[number].to_rgb().to_numpy()

    with lumaloom.open(source, device=device) as before, lumaloom.open(rendered, device=device) as after:
        count = len(before)

        def pair(share: float) -> Pair:
            number = int(share * count)
            return Pair(f"frame {number}", picture(before, number), picture(after, number))

        hero, pairs = pair(_HERO), [pair(share) for share in _MOMENTS]
        gallery = [(call, picture(before.apply(call), int(_HERO * count))) for call in _GALLERY]
    chain = " ".join(f'-e "{call}"' for call in _CHAIN)
    command = f"lumaloom render {source.name} out.mp4 {chain} --preset {_PRESET}"
    facts = (_speed(result), _cpu(), f"gpu {_gpu()}")
    contents = SheetContents("LUMALOOM", [fact[:75] for fact in facts], command, hero, pairs, gallery)
    sheet = folder / "demo-contact-sheet.png"
    for path, picture_ in (
        (folder / "demo-before.png", hero.before),
        (folder / "demo-after.png", hero.after),
        (sheet, draw_sheet(contents)),
    ):
        write_png(path, picture_)
    return sheet


def _speed(result: RenderResult) -> str:
    return f"{result.frames} frames in {result.seconds:.2f} s, {result.fps:.1f} fps on {result.device}"


def _cpu() -> str:
    from lumaloom.device import cpu

    found = cpu()
    return f"{found.model}, {found.cores} {'core' if found.cores == 1 else 'cores'}, {' '.join(found.features)}"


def _gpu() -> str:
    from lumaloom.device import gpus

    found = gpus()
    return f"none: {found}" if isinstance(found, str) else ", ".join(gpu.name for gpu in found)
