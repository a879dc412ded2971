"""Composition, below HTTP: settings to adapters, adapters to the service and the optimizer."""

from tusline.assembly import embedded, production
from tusline.assembly.parts import Parts
from tusline.errors import ConfigurationError
from tusline.settings import Settings

__all__ = ["Parts", "assembled"]


def assembled(settings: Settings, *, drain: float = embedded.JOB_DRAIN) -> Parts:
    """The parts that the settings ask for; nothing is opened yet. `drain`: seconds that running
    jobs have to end when the process stops, where others can go on. Raises ConfigurationError."""
    if settings.redis_url is not None:
        return production.assemble(settings, settings.redis_url.get_secret_value(), drain=drain)
    if settings.web_concurrency > 1:
        raise ConfigurationError(
            f"WEB_CONCURRENCY={settings.web_concurrency}: several web processes share their records"
            " in Redis. Set REDIS_URL, or WEB_CONCURRENCY=1"
        )
    if settings.store == "s3":
        raise ConfigurationError(
            "TUSLINE_STORE=s3 needs REDIS_URL: with records on the local disk, a host that loses "
            "its disk would leave the bytes in the bucket and know nothing of them"
        )
    return embedded.assemble(settings)
