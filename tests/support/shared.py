"""A server that many tests share."""

from collections.abc import Generator
from typing import Any, Literal

import pytest

from support.servers import Server, running_server


def shared_server(*, scope: Literal["module", "session"] = "module", **settings: Any) -> Any:
    """A fixture: one server with these settings for all tests of a module, or of the session."""

    @pytest.fixture(scope=scope)
    def shared(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
        with running_server(tmp_path_factory.mktemp("server"), **settings) as running:
            yield running

    return shared
