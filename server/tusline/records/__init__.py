"""Adapters of the Records door."""
