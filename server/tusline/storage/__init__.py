"""Adapters of the BlobStore door."""
