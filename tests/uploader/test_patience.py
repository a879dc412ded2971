"""How long the uploader waits, and when it stops."""

import threading

import pytest

from tusline.uploader.patience import LONGEST_DELAY, GaveUp, Patience, Stopped


class Hand:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def patient(give_up: float = 600.0, dice: float = 1.0) -> tuple[Patience, Hand]:
    hand = Hand()
    return Patience(give_up, threading.Event(), dice=lambda: dice, clock=hand), hand


def test_delays_double_up_to_a_bound() -> None:
    patience, _ = patient()
    delays = [patience.delay("lost") for _ in range(20)]
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert delays[-1] == LONGEST_DELAY


def test_delays_are_drawn_from_zero_up() -> None:
    patience, _ = patient(dice=0.0)
    assert [patience.delay("lost") for _ in range(5)] == [0.0] * 5


def test_progress_makes_delays_short_again() -> None:
    patience, _ = patient()
    for _ in range(6):
        patience.delay("lost")
    patience.progress()
    assert patience.delay("lost") == 0.5


def test_the_servers_wish_is_honoured_within_reason() -> None:
    patience, _ = patient(dice=0.0)
    assert patience.delay("busy", 7.0) == 7.0
    assert patience.delay("busy", 86400.0) == LONGEST_DELAY


def test_it_gives_up_after_the_time_without_progress_and_says_why() -> None:
    patience, hand = patient(give_up=60)
    hand.now = 59.9
    patience.delay("line lost")
    patience.progress()
    hand.now = 119.0
    patience.delay("line lost")
    hand.now = 119.9
    with pytest.raises(GaveUp, match=r"60 s without progress: line lost"):
        patience.delay("line lost")


def test_a_wait_ends_at_once_when_the_user_stops() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Patience(600, stop).wait(3600)
