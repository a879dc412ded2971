"""The shared Records: Redis or Valkey, for any number of processes."""
