"""Timestamps: kept, made up, or moved, and always increasing."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from lumaloom.media.timeline import Continuity, Timeline

BASE = Fraction(1, 1000)


def placed(*stamps: int | None, rate: int | None = 25) -> tuple[list[int], int]:
    line = Timeline(BASE, None if rate is None else Fraction(rate))
    return [line.place(pts, None).pts for pts in stamps], line.repaired


class TestTimeline:
    def test_good_timestamps_stay_exactly(self) -> None:
        assert placed(-7, 0, 1, 50, 1000) == ([-7, 0, 1, 50, 1000], 0)

    def test_missing_ones_follow_by_the_nominal_duration(self) -> None:
        assert placed(None, None, None) == ([0, 40, 80], 3)
        assert placed(100, None, None, 300) == ([100, 140, 180, 300], 2)

    def test_missing_ones_follow_by_the_frame_before_where_it_has_a_duration(self) -> None:
        line = Timeline(BASE, Fraction(25))
        assert line.place(10, 7).duration == 7
        assert line.place(None, 0).pts == 17

    def test_repeated_and_falling_ones_become_the_smallest_that_rise(self) -> None:
        assert placed(10, 10, 9, 11, 50) == ([10, 11, 12, 13, 50], 3)

    def test_a_frame_always_has_a_duration(self) -> None:
        for duration in (None, 0, -5):
            assert Timeline(BASE, Fraction(50)).place(0, duration).duration == 20
        assert Timeline(BASE, None).place(0, None).duration == 40
        assert Timeline(Fraction(1), Fraction(1000)).place(0, None).duration == 1


def packet(stream: int, dts: int | None, duration: int = 40) -> Any:
    pts = None if dts is None else dts + 2
    return SimpleNamespace(
        stream=SimpleNamespace(index=stream), dts=dts, pts=pts, duration=duration, time_base=BASE, size=1
    )


def mended(*packets: Any) -> tuple[list[tuple[int | None, int | None]], Continuity]:
    continuity = Continuity(video=0)
    for one in packets:
        continuity.mend(one)
    return [(one.dts, one.pts) for one in packets], continuity


class TestContinuity:
    def test_a_clock_that_runs_on_is_left_alone(self) -> None:
        got, continuity = mended(packet(0, 0), packet(1, 0), packet(0, 40), packet(0, 5000), packet(0, None))
        assert got == [(0, 2), (0, 2), (40, 42), (5000, 5002), (None, None)]
        assert (continuity.broken, continuity.shifted) == (False, 0)

    def test_a_small_step_back_is_no_new_clock(self) -> None:
        assert mended(packet(0, 100), packet(0, 60))[1].broken is False

    def test_a_new_clock_goes_on_where_the_old_one_ended(self) -> None:
        got, continuity = mended(packet(0, 1000), packet(0, 1040), packet(0, 0), packet(0, 40))
        assert [dts for dts, _ in got] == [1000, 1040, 1080, 1120]
        assert got[2] == (1080, 1082)
        assert (continuity.broken, continuity.shifted) == (True, 2)

    def test_streams_stay_in_step_whichever_comes_first(self) -> None:
        """Sound that ended 20 ms after the picture: the picture decides, so that both keep their distance."""
        before = [packet(0, 1000), packet(1, 1000, 100)]
        got, _ = mended(*before, packet(1, 0), packet(0, 0), packet(1, 200), packet(0, 40))
        assert [dts for dts, _ in got[2:]] == [1100, 1040, 1240, 1080]

    def test_a_late_packet_of_the_old_clock_keeps_the_old_time(self) -> None:
        got, _ = mended(packet(0, 1000), packet(1, 980), packet(0, 0), packet(1, 1020), packet(1, 0), packet(1, 40))
        assert [dts for dts, _ in got[2:]] == [1040, 1020, 1040, 1080]

    def test_a_third_recording(self) -> None:
        got, _ = mended(packet(0, 0), packet(0, 400), packet(0, 0), packet(0, 400), packet(0, 0))
        assert [dts for dts, _ in got] == [0, 400, 440, 840, 880]
