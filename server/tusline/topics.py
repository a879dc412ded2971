"""The names of all signals, in one place."""

from tusline.upload import UploadId


def let_go(id: UploadId) -> str:
    """Somebody else wants to write: the holder of the lease should flush and leave."""
    return f"let-go:{id}"


def free(id: UploadId) -> str:
    """The lease was released."""
    return f"free:{id}"


def changed(id: UploadId) -> str:
    """The record has a new version."""
    return f"changed:{id}"
