"""Whole renders beside the ffmpeg command with the same filters and the same encoder, as processes."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks import harness

ROUNDS = 4


@dataclass(frozen=True)
class Chain:
    """The same work in both languages; an encoder of None throws the frames away."""

    name: str
    effects: tuple[str, ...]
    filters: str
    encoder: str | None = None


CHAINS = (
    Chain("decode", (), "null"),
    Chain("gaussian sigma 6", ("blur sigma=6",), "gblur=sigma=6"),
    Chain("box radius 10", ("boxblur radius=10",), "boxblur=luma_radius=10:chroma_radius=5"),
    Chain("resize to half, lanczos", ("resize width=640 filter=lanczos",), "scale=640:-2:flags=lanczos"),
    Chain("gaussian sigma 6, x264", ("blur sigma=6",), "gblur=sigma=6", "libx264"),
    Chain("x264 alone", (), "null", "libx264"),
)


def run(clip: Path, loops: int, threads: int, path: Path | None) -> None:
    """Compare, time in turn, print a table, and write JSON where a path is given."""
    ffmpeg = _ffmpeg()
    if ffmpeg is None:
        print("ffmpeg is absent: nothing to compare with; pip install imageio-ffmpeg")
        return
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / f"long{clip.suffix}"
        _run(
            [
                ffmpeg,
                "-v",
                "error",
                "-stream_loop",
                str(loops - 1),
                "-i",
                str(clip),
                "-map",
                "0:v:0",
                "-c",
                "copy",
                str(long),
            ]
        )
        about = {**harness.machine(), "ffmpeg": _version(ffmpeg), "threads": threads, "clip": clip.name, "loops": loops}
        rows = _measured(long, ffmpeg, threads)
    if path:
        harness.write_json(path, {"machine": about, "rows": rows})


def _measured(clip: Path, ffmpeg: str, threads: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    print(f"{'chain':28} {'ours s':>8} {'ffmpeg s':>9} {'ratio':>6}  PSNR of the outputs")
    for chain in CHAINS:
        with tempfile.TemporaryDirectory() as folder:
            difference = _difference(chain, clip, ffmpeg, Path(folder))
            commands = {
                "lumaloom": _ours(chain, clip, threads, Path(folder)),
                "ffmpeg": _theirs(ffmpeg, chain, clip, threads, Path(folder)),
            }
            times = _interleaved(commands)
        ratio = statistics.median(times["ffmpeg"]) / statistics.median(times["lumaloom"])
        rows.append({**asdict(chain), "seconds": times, "ratio": round(ratio, 3), "psnr_db": difference})
        ours, theirs = (statistics.median(times[name]) for name in ("lumaloom", "ffmpeg"))
        print(f"{chain.name:28} {ours:8.2f} {theirs:9.2f} {ratio:6.2f}  {difference:.1f} dB", flush=True)
    return rows


def _ours(chain: Chain, clip: Path, threads: int, folder: Path, *more: str) -> list[str]:
    target = str(folder / "ours.mkv") if chain.encoder or more else "null"
    words = [sys.executable, "-m", "lumaloom", "render", str(clip), target, "--threads", str(threads), "-y"]
    for effect in chain.effects:
        words += ["-e", effect]
    if chain.encoder:
        words += ["--encoder", chain.encoder, "--preset", "veryfast", "--crf", "23"]
    return [*words, *more]


def _theirs(ffmpeg: str, chain: Chain, clip: Path, threads: int, folder: Path, *more: str) -> list[str]:
    words = [ffmpeg, "-v", "error", "-y", "-nostdin", "-threads", str(threads), "-filter_threads", str(threads)]
    words += ["-i", str(clip), "-vf", chain.filters, "-map", "0:v:0", "-fps_mode", "passthrough"]
    if chain.encoder:
        words += ["-c:v", chain.encoder, "-preset", "veryfast", "-crf", "23", "-threads", str(threads)]
        return [*words, *more, str(folder / "theirs.mkv")]
    return [*words, *more, str(folder / "theirs.mkv")] if more else [*words, "-f", "null", "-"]


def _difference(chain: Chain, clip: Path, ffmpeg: str, folder: Path) -> float:
    """Return the PSNR between frame 10 of both, without loss in the encoder."""
    plain = Chain(chain.name, chain.effects, chain.filters)
    _run(_ours(plain, clip, 2, folder, "--encoder", "ffv1", "--end", "11f"))
    _run(_theirs(ffmpeg, plain, clip, 2, folder, "-frames:v", "11", "-c:v", "ffv1"))
    first, second = (_last_luma(folder / name) for name in ("ours.mkv", "theirs.mkv"))
    error = float(np.mean((first - second) ** 2))
    return 99.0 if error == 0 else round(float(10 * np.log10(255**2 / error)), 2)


def _last_luma(path: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return frames[-1].to_ndarray(format="gray").astype(np.float64)


def _interleaved(commands: dict[str, list[str]]) -> dict[str, list[float]]:
    """Return the seconds of each command's rounds, taken in turn after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, words in commands.items():
            begin = time.perf_counter()
            _run(words)
            if number:
                times[name].append(round(time.perf_counter() - begin, 4))
    return times


def _run(words: list[str]) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def _ffmpeg() -> str | None:
    try:
        import imageio_ffmpeg
    except ImportError:
        return shutil.which("ffmpeg")
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _version(ffmpeg: str) -> str:
    done = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]
