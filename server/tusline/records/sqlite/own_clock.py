"""The records' own clock, which nobody sets: how long things have been kept is told by it.

A wall clock may be wrong for all the life of a process and right in the next one, and a day that
the machine was off looks like one by which it was set. This clock starts with the wall clock's
time when the records are first opened, and goes on as the machine's steady clock does; what passes
between two boots is unknown, and does not count.
"""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The machine's clocks at one moment: seconds since the epoch, and seconds that have passed
    since the boot `boot`."""

    wall: float
    steady: float
    boot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """From when to when the records were closed: by their own clock and by the wall clock."""

    own: tuple[float, float]
    wall: tuple[float, float]

    @property
    def seconds(self) -> float:
        """How long it was, as far as is known."""
        return self.own[1] - self.own[0]

    @property
    def set_by(self) -> float:
        """How much further the wall clock has gone meanwhile: it was set, or the machine off."""
        return self.wall[1] - self.wall[0] - self.seconds


def absence(db: sqlite3.Connection, now: Reading) -> Absence:
    """How long nobody had the records open."""
    last = db.execute("SELECT * FROM clock").fetchone()
    if last is None:
        return Absence(own=(now.wall, now.wall), wall=(now.wall, now.wall))
    passed = max(0.0, now.steady - last["steady"]) if last["boot"] == now.boot else 0.0
    return Absence(own=(last["own"], last["own"] + passed), wall=(last["wall"], now.wall))


def note(db: sqlite3.Connection, own: float, now: Reading) -> None:
    """The records are open now."""
    db.execute(
        "INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?, ?)", (own, now.wall, now.steady, now.boot)
    )
