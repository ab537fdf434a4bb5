"""What a source could not deliver."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Losses:
    """Counts of what was damaged, left out or repaired while a source was read.

    Attributes:
        frames_readable: frames that were delivered.
        frames_declared: frames that the container declares for the whole file, None where it does not.
        decode_errors: packets that the decoder or the demuxer refused.
        corrupt_packets: packets that the demuxer marked as damaged.
        corrupt_frames: frames that were delivered although the decoder marked them as damaged.
        changed_frames: frames left out because their size or pixel format differs from the first one's.
        timestamps_repaired: timestamps that were missing or did not increase.
        truncated: whether the file ends before the end that it declares.

    """

    frames_readable: int = 0
    frames_declared: int | None = None
    decode_errors: int = 0
    corrupt_packets: int = 0
    corrupt_frames: int = 0
    changed_frames: int = 0
    timestamps_repaired: int = 0
    truncated: bool = False

    @property
    def any(self) -> bool:
        """Whether picture content was lost; repaired timestamps alone are no loss."""
        return self.truncated or bool(
            self.decode_errors or self.corrupt_packets or self.corrupt_frames or self.changed_frames
        )

    def readable(self) -> str:
        """Return the readable frames in words, such as `21 of 30 frames`."""
        total = self.frames_declared
        declared = f" of {total}" if total is not None and total >= self.frames_readable else ""
        return f"{self.frames_readable}{declared} frames"

    def as_dict(self) -> dict[str, int | bool | None]:
        """Return the counts as a JSON-ready dictionary."""
        return asdict(self)
