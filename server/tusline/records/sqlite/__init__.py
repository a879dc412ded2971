"""The embedded Records: SQLite on the data folder, for one process."""
