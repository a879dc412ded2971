"""The BlobStore on a local disk."""
