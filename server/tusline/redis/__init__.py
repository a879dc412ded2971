"""All that talks to a Redis or Valkey server: its link, its scripts, the names of its keys."""
