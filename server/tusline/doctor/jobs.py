"""Who does the jobs, and how many wait."""

from tusline.assembly.parts import engine
from tusline.assembly.production import queue_address
from tusline.doctor.findings import Finding, Part
from tusline.errors import RecordsUnavailable
from tusline.settings import Settings


async def jobs(settings: Settings) -> list[Finding]:
    part = Part("workers")
    if settings.redis_url is None:
        return [part.ok("not used: the server does the jobs")]
    url = queue_address(settings.redis_url.get_secret_value(), verify=settings.redis_verify)
    try:
        async with engine(settings, url, drain=0) as queue:
            workers, depth = await queue.workers(), await queue.depth()
    except RecordsUnavailable as error:
        return [part.fault(error.message, "see what is said of redis")]
    found = [
        part.ok(f"{workers} at work, {depth} jobs queued or running")
        if workers
        else part.warning(
            f"none is at work, and {depth} jobs wait: no image is optimized",
            "start `tusline worker`",
        )
    ]
    if depth >= settings.queue_limit:
        found.append(
            part.fault(
                f"{depth} jobs wait, TUSLINE_QUEUE_LIMIT: no upload is created",
                "start more workers",
            )
        )
    return found
