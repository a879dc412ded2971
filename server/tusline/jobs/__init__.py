"""Adapters of the JobEngine door."""
