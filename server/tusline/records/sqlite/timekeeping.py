"""The clocks of open records: what time it is, and what is owed for the time before."""

import sqlite3

from tusline.interfaces import Clock
from tusline.records.sqlite.book import Book
from tusline.records.sqlite.opening import give_time_back
from tusline.records.sqlite.own_clock import Absence, Reading, absence, note


class Timekeeper:
    """`boot` names the running boot of the machine, whose steady clock says nothing of others."""

    def __init__(self, clock: Clock, boot: str) -> None:
        self._clock = clock
        self._boot = boot
        self._ahead = 0.0
        self._owed: Absence | None = None

    def reading(self) -> Reading:
        return Reading(wall=self._clock.now(), steady=self._clock.steady(), boot=self._boot)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.now()

    def own(self) -> float:
        """Seconds by the records' own clock."""
        return self._clock.steady() + self._ahead

    def open(self, db: sqlite3.Connection) -> None:
        """Learn how long the records were closed. From now on that is owed to uploads."""
        now = self.reading()
        self._owed = absence(db, now)
        self._ahead = self._owed.own[1] - now.steady

    def note(self, book: Book) -> None:
        """Note that the records are open now, inside a transaction; what is owed is given first.
        `noted` has to be called once that is durable: till then it is owed."""
        now = self.reading()
        if self._owed is None:
            note(book.db, book.own, now)
        else:
            give_time_back(book, self._owed, now)

    def noted(self) -> None:
        self._owed = None
