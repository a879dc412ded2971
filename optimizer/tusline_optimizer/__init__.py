"""The bounded image optimizer: pictures in, variants out, in child processes."""
