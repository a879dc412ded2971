"""Logging: event names with fields, readable on a terminal, JSON elsewhere."""

import logging
import sys
from typing import Any

import structlog

QUIET = ("docket", "asyncio", "uvicorn.access", "uvicorn.error")
"""Loggers of libraries that say more than an operator wants to know."""


def configure(*, level: str, format: str) -> None:
    """Send structlog and the standard library's loggers to standard error, in one shape."""
    text = format == "text" or (format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Any = _console(colors=True) if text else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([] if text else [structlog.processors.format_exc_info]),
                last,
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def configure_embedded() -> None:
    """Leave all to a host that has set structlog up. Where none has, keep its defaults, but for
    their tracebacks."""
    if not structlog.is_configured():
        shared = structlog.get_config()["processors"][:-1]
        structlog.configure(processors=[*shared, _console(colors=sys.stdout.isatty())])


def _console(*, colors: bool) -> structlog.dev.ConsoleRenderer:
    """Tracebacks are Python's own: richer ones show local variables, and with them what requests
    carry, a token for example."""
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )
