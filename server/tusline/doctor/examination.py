"""Every check, one after the other; one that fails in itself is a finding as well."""

from collections.abc import AsyncIterator

from tusline.assembly import assembled
from tusline.doctor.bucket import bucket
from tusline.doctor.findings import Finding, Part
from tusline.doctor.host import host
from tusline.doctor.jobs import jobs
from tusline.doctor.redis import redis
from tusline.errors import ConfigurationError
from tusline.settings import Settings


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    part = Part("settings")
    try:
        assembled(settings)
    except ConfigurationError as error:
        yield part.fault(str(error), "`tusline settings` lists what there is")
        return
    yield part.ok("valid")
    for finding in host(settings):
        yield finding
    for check in (redis, jobs, bucket):
        for finding in await check(settings):
            yield finding
