"""Jobs that a worker has taken and will not do: given to the next one at once."""

from datetime import timedelta

from docket import Docket


async def hand_back(docket: Docket, *, consumer: str, most: int, idle: timedelta) -> int:
    """Make what `consumer` holds, `most` messages, look as if it had been left alone for longer
    than `idle`, and have the next worker that starts look for such messages; how many there were.
    Raises RedisError."""
    stream, group = docket.stream_key, docket.worker_group_name
    async with docket.redis() as redis:
        answer = await redis.xreadgroup(
            groupname=group,
            consumername=consumer,
            streams={stream: "0"},  # not what is new, but what it holds
            count=most,
        )
        held = [message_id for _, messages in answer or () for message_id, _ in messages]
        if held:
            await redis.xclaim(
                name=stream,
                groupname=group,
                consumername=consumer,
                min_idle_time=0,
                message_ids=held,
                idle=round(idle.total_seconds() * 1000) + 1,
                justid=True,
            )
            await redis.delete(docket.redelivery_sweep_key)  # else nobody may look for a while
        return len(held)
