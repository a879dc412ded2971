"""Programs that drive real clients, one in each client's own language; see `support.clients`."""
