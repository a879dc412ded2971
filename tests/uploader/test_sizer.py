"""The chunk size over links that rise, fall and break, as the uploader would meet them."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tusline.uploader.sizer import CUT_SECONDS, LEAST_LIMIT, Hints, Sizer

KIB = 1024
TICK = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    began: float
    seconds: float
    size: int
    kept: int


def travel(
    sizer: Sizer,
    size: int,
    rate: Callable[[float], float],
    *,
    round_trip: float = 0.0,
    deadline: float = 25.0,
) -> list[Patch]:
    """Send `size` bytes over a link whose rate (bytes a second) depends on the time."""
    now, offset, patches = 0.0, 0, []
    while offset < size:
        want = min(sizer.size, size - offset)
        limit = min(sizer.limit(want), deadline)
        spent, moved = round_trip, 0.0
        while moved < want and spent < limit:
            moved += rate(now + spent) * TICK
            spent += TICK
        kept = min(want, int(moved))
        if kept == want:
            sizer.sent(want, spent)
        else:
            sizer.cut(kept, spent)
        patches.append(Patch(began=now, seconds=spent, size=want, kept=kept))
        now, offset = now + spent, offset + kept
    return patches


def steady(rate: float) -> Callable[[float], float]:
    return lambda _: rate


def test_patches_settle_at_eight_seconds_on_a_steady_link() -> None:
    for rate in (5_000, 15_000, 94_000, 250_000):
        patches = travel(Sizer(), int(rate * 120), steady(rate))
        settled = [patch.seconds for patch in patches[6:-1]]
        assert all(6 < seconds < 10 for seconds in settled), (rate, settled)


def test_no_patch_comes_near_the_deadline_on_a_slow_steady_link() -> None:
    for rate in (5_000, 15_000, 94_000):
        patches = travel(Sizer(), int(rate * 100), steady(rate), round_trip=0.3)
        assert max(patch.seconds for patch in patches[1:]) < 12


def test_a_very_slow_link_costs_one_cut_and_then_none() -> None:
    patches = travel(Sizer(), 400_000, steady(5_000))
    assert [patch.kept == patch.size for patch in patches] == [False] + [True] * (len(patches) - 1)
    assert patches[0].seconds <= CUT_SECONDS + TICK


def test_a_fast_link_needs_few_patches() -> None:
    patches = travel(Sizer(), 10_000_000, steady(2_500_000), round_trip=0.3)
    assert len(patches) <= 7
    assert sum(patch.seconds for patch in patches) < 6.5


def test_a_link_that_falls_eightfold_is_cut_at_most_once() -> None:
    def falls(now: float) -> float:
        return 200_000 if now < 12 else 25_000

    patches = travel(Sizer(), 4_000_000, falls)
    cuts = [patch for patch in patches if patch.kept < patch.size]
    assert len(cuts) <= 1
    assert max(patch.seconds for patch in patches) <= CUT_SECONDS + TICK
    assert max(patch.seconds for patch in patches[-5:]) < 12


def test_a_link_that_comes_back_is_used_again() -> None:
    def dips(now: float) -> float:
        return 25_000 if 12 < now < 45 else 200_000

    patches = travel(Sizer(), 10_000_000, dips)
    assert patches[-2].size > 1_000_000


def test_the_size_at_most_doubles() -> None:
    sizer = Sizer()
    sizer.sent(sizer.size, 0.001)
    assert sizer.size == 256 * KIB


def test_the_rate_falls_faster_than_it_rises() -> None:
    falling, rising = Sizer(), Sizer()
    for sizer in (falling, rising):
        sizer.sent(128 * KIB, 1.0)
    falling.sent(falling.size, falling.size / (64 * KIB))
    rising.sent(rising.size, rising.size / (256 * KIB))
    assert falling.rate == (0.3 * 128 + 0.7 * 64) * KIB
    assert rising.rate == (0.6 * 128 + 0.4 * 256) * KIB


def test_the_last_short_patch_of_a_file_teaches_nothing() -> None:
    sizer = Sizer()
    sizer.sent(sizer.size, 1.0)
    before = sizer.size, sizer.rate
    sizer.sent(100, 0.4)
    assert (sizer.size, sizer.rate) == before


def test_a_cut_without_a_byte_kept_quarters_the_size_and_keeps_the_rate() -> None:
    sizer = Sizer()
    sizer.sent(sizer.size, 1.0)
    rate = sizer.rate
    sizer.cut(0, 20.0)
    assert sizer.size == 64 * KIB
    assert sizer.rate == rate


def test_the_limit_follows_the_rate_between_its_bounds() -> None:
    sizer = Sizer()
    assert sizer.limit(1) == CUT_SECONDS
    sizer.sent(sizer.size, 1.0)
    assert sizer.limit(1) == LEAST_LIMIT
    assert sizer.limit(5 * 128 * KIB) == 15
    assert sizer.limit(10**9) == CUT_SECONDS


def test_a_short_request_deadline_makes_short_patches() -> None:
    for deadline in (2.0, 6.0):
        sizer = Sizer(Hints().under(deadline))
        patches = travel(sizer, 2_000_000, steady(200_000), deadline=deadline)
        assert all(patch.kept == patch.size for patch in patches)
        assert max(patch.seconds for patch in patches[1:]) < deadline / 2


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**9), st.floats(0, 1000)), max_size=50))
def test_the_size_stays_within_its_bounds_whatever_happens(
    story: list[tuple[bool, int, float]],
) -> None:
    hints = Hints()
    sizer = Sizer(hints)
    for whole, size, seconds in story:
        if whole:
            sizer.sent(size, seconds)
        else:
            sizer.cut(size, seconds)
        assert hints.min <= sizer.size <= hints.max
        assert 0 < sizer.limit(sizer.size) <= CUT_SECONDS
