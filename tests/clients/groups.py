"""Real clients, by what the deadline does to them."""

from support.clients import (
    AIOTUS,
    PYTUS,
    TUS_ASYNC_CLIENT,
    TUS_CLIENT,
    TUS_JAVA,
    TUS_JS,
    TUS_JS_PAGE,
    TUSPY,
)

STRUCK = [
    TUSPY,
    TUSPY.given(**{"async": True}),
    TUS_JS,
    TUS_JS.given(parallelUploads=3),
    TUS_JS.given(uploadDataDuringCreation=True),
    TUS_JS_PAGE,
    AIOTUS,
    AIOTUS.given(parts=3),
    TUS_JAVA,
    TUS_CLIENT.given(tries=20),
    TUS_CLIENT.given(tries=20, override=True),
    TUS_ASYNC_CLIENT.given(tries=20),
]
"""Clients whose requests are long enough for the deadline."""

STEPPING = [
    TUS_CLIENT.given(tries=20, chunk_size=1_200_000),
    TUS_ASYNC_CLIENT.given(tries=20, chunk_size=1_200_000),
]
"""Clients that read the next chunk from where they are, whatever offset the last answer had."""

SPARED = [
    TUSPY.given(upload_checksum=True),
    TUSPY.given(**{"async": True}, upload_checksum=True),
    TUS_JS.given(uploadLengthDeferred=True, chunkSize=400_000),
    TUS_JAVA.given(requestPayloadSize=256 * 1024),
    TUS_CLIENT.given(chunk_size=400_000),
]
"""Clients whose requests are short enough, or bear a checksum, for which the deadline waits."""

DISTRUSTED = [TUS_CLIENT, TUS_ASYNC_CLIENT, PYTUS]
"""Clients that go by their own count, or know no second try: they must not hear of success."""

SEEKING = [TUSPY, TUSPY.given(**{"async": True}), AIOTUS]
"""Clients that are told of a short success, and go on from there without a failed attempt."""

AT_ONCE = [client for client in STRUCK + SPARED if "par" not in str(client)]
"""Clients that make one upload each (none in parallel parts), so that it can be told apart."""
