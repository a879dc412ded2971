"""Event loops: uvloop's, on which the server runs, and asyncio's own, on which the commands do."""

from typing import Any

import pytest

UVLOOP = pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop")
OWN = pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio")


def on(*loops: Any) -> Any:
    """A fixture for `anyio_backend`: the tests of a module or a folder run on each of the loops."""

    @pytest.fixture(scope="session", params=loops)
    def anyio_backend(request: pytest.FixtureRequest) -> Any:
        return request.param

    return anyio_backend
