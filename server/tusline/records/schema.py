"""The shape of the embedded records, brought up step by step: older folders open."""

import sqlite3
from importlib.resources import files

from tusline.errors import ConfigurationError

STEPS = files("tusline.records").joinpath("steps")


def bring_up(db: sqlite3.Connection) -> None:
    """Run the steps that this database has not seen, each in a transaction of its own.

    Raises ConfigurationError for a database that a newer version has written.
    """
    scripts = sorted((step.name, step.read_text()) for step in STEPS.iterdir())
    seen = _seen(db)
    if seen > len(scripts):
        raise ConfigurationError("the data folder was written by a newer version of tusline")
    for number, (_, script) in enumerate(scripts[seen:], start=seen + 1):
        db.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")


def _seen(db: sqlite3.Connection) -> int:
    """The last step that was run; the first version of tusline did not number its only one."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 and db.execute("SELECT 1 FROM sqlite_master WHERE name = 'uploads'").fetchone():
        return 1
    return version
