"""The shape of the embedded records, brought up step by step: older folders open."""

import sqlite3
from importlib.resources import files

from tusline.errors import ConfigurationError
from tusline.upload import SCHEMA

STEPS = files("tusline.records").joinpath("steps")

NEWER = (
    "the data folder was written by a newer version of tusline: "
    "run that version on it, or a later one"
)


def bring_up(db: sqlite3.Connection, *, boot: str) -> None:
    """Run the steps that this database has not seen, each in a transaction of its own. They may ask
    for the machine's `running_boot()`.

    Raises ConfigurationError for a database, or a record, that a newer version has written.
    """
    db.create_function("running_boot", 0, lambda: boot)
    for number, script in _unseen(db):
        db.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    _must_know_records(db)


def must_be_current(db: sqlite3.Connection) -> None:
    """Raises ConfigurationError for a database that another version has written, which who only
    reads cannot bring up, or a record that a newer one has."""
    if _unseen(db):
        raise ConfigurationError(
            "the data folder was written by an older version of tusline: "
            "`tusline serve` or `tusline sweep` brings it up to date"
        )
    _must_know_records(db)


def _must_know_records(db: sqlite3.Connection) -> None:
    """A newer version may mean something else by the same columns."""
    if db.execute("SELECT 1 FROM uploads WHERE schema > ? LIMIT 1", (SCHEMA,)).fetchone():
        raise ConfigurationError(NEWER)


def _unseen(db: sqlite3.Connection) -> list[tuple[int, str]]:
    """The steps that this database has not seen, with their numbers, by which their names begin.
    Raises ConfigurationError where it has seen more than there are."""
    scripts = sorted((int(step.name[:3]), step.read_text()) for step in STEPS.iterdir())
    seen = _seen(db)
    if seen > scripts[-1][0]:
        raise ConfigurationError(NEWER)
    return [(number, script) for number, script in scripts if number > seen]


def _seen(db: sqlite3.Connection) -> int:
    """The last step that was run; the first version of tusline did not number its only one."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 and db.execute("SELECT 1 FROM sqlite_master WHERE name = 'uploads'").fetchone():
        return 1
    return version
