"""The shape of the embedded records, brought up step by step: older folders open."""

import sqlite3
from importlib.resources import files

from tusline.errors import ConfigurationError

STEPS = files("tusline.records.sqlite").joinpath("steps")


def bring_up(db: sqlite3.Connection, *, boot: str) -> None:
    """Run the steps that this database has not seen, each in a transaction of its own. They may ask
    for the machine's `running_boot()`.

    Raises ConfigurationError for a database that a newer version has written.
    """
    db.create_function("running_boot", 0, lambda: boot)
    for number, script in _unseen(db):
        db.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")


def must_be_current(db: sqlite3.Connection) -> None:
    """Raises ConfigurationError for a database that another version has written, which who only
    reads cannot bring up."""
    if _unseen(db):
        raise ConfigurationError(
            "the data folder was written by an older version of tusline: "
            "`tusline serve` or `tusline sweep` brings it up to date"
        )


def _unseen(db: sqlite3.Connection) -> list[tuple[int, str]]:
    """The steps that this database has not seen, with their numbers, by which their names begin.
    Raises ConfigurationError where it has seen more than there are."""
    scripts = sorted((int(step.name[:3]), step.read_text()) for step in STEPS.iterdir())
    seen = _seen(db)
    if seen > scripts[-1][0]:
        raise ConfigurationError("the data folder was written by a newer version of tusline")
    return [(number, script) for number, script in scripts if number > seen]


def _seen(db: sqlite3.Connection) -> int:
    """The last step that was run; the first version of tusline did not number its only one."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 and db.execute("SELECT 1 FROM sqlite_master WHERE name = 'uploads'").fetchone():
        return 1
    return version
