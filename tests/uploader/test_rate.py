"""The rate that a person reads."""

from tusline.uploader.rate import WINDOW, Rate


def test_nothing_is_said_before_it_has_settled() -> None:
    rate = Rate()
    assert rate.at(100.0) is None
    rate.start(100.0)
    rate.add(1_000_000, 100.1)
    assert rate.at(101.9) is None
    assert rate.at(102.0) == 500_000


def test_a_steady_line_reads_steady() -> None:
    rate = Rate()
    rate.start(0.0)
    for second in range(1, 60):
        rate.add(1000, float(second))
        if second >= 2:
            assert 1000 <= (rate.at(float(second)) or 0) <= 1050


def test_a_line_that_died_reads_zero_after_the_window() -> None:
    rate = Rate()
    rate.start(0.0)
    rate.add(1_000_000, 5.0)
    assert rate.at(5.0 + WINDOW + 1) == 0


def test_a_break_makes_it_start_again() -> None:
    rate = Rate()
    rate.start(0.0)
    rate.add(1_000_000, 1.0)
    rate.restart(60.0)
    assert rate.at(61.0) is None
    rate.add(4000, 62.0)
    assert rate.at(64.0) == 1000
