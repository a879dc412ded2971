"""Adapters of the Signals door."""
