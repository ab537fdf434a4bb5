"""Render every clip of a folder through the same chain: `python samples/batch.py IN_DIR OUT_DIR "blur sigma=4"`."""

from __future__ import annotations

import sys
from pathlib import Path

import lumaloom


def main(source: Path, target: Path, effects: list[str]) -> int:
    target.mkdir(parents=True, exist_ok=True)
    failed = 0
    for clip in sorted(path for path in source.iterdir() if path.is_file()):
        try:
            result = lumaloom.render(clip, target / f"{clip.stem}.mp4", effects, overwrite=True)
        except lumaloom.LumaloomError as problem:
            failed += 1
            print(f"{clip.name}: {problem}", file=sys.stderr)
        else:
            print(f"{clip.name}: {result.frames} frames at {result.fps:.0f} fps")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
