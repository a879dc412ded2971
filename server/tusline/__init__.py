"""Resumable uploads that survive bad networks and dying servers.

    from tusline import Hooks, Settings, Tusline

The names are loaded when they are asked for: `import tusline.upload` in a small process does not
bring the web framework along.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tusline.app import Tusline, create_app
    from tusline.hooks import Access, Action, Hooks
    from tusline.settings import Settings

__all__ = ["Access", "Action", "Hooks", "Settings", "Tusline", "create_app"]

_HOMES = {
    "Access": "tusline.hooks",
    "Action": "tusline.hooks",
    "Hooks": "tusline.hooks",
    "Settings": "tusline.settings",
    "Tusline": "tusline.app",
    "create_app": "tusline.app",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'tusline' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
