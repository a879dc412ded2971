"""Upload a file with aiotus.

The option `parts` cuts the file into so many parts, sent in parallel and concatenated; all others
go into the client's RetryConfiguration.
"""

import asyncio
import io
import logging
import sys

import aiotus

from drivers import arguments


async def main() -> int:
    endpoint, path, options = arguments.read()
    parts = options.pop("parts", 1)
    config = aiotus.RetryConfiguration(**options)
    if parts == 1:
        with path.open("rb") as file:
            url = await aiotus.upload(endpoint, file, config=config)
    else:
        data = path.read_bytes()
        size = -(-len(data) // parts)
        files = [io.BytesIO(data[at : at + size]) for at in range(0, len(data), size)]
        url = await aiotus.upload_multiple(endpoint, files, config=config)
    return arguments.tell(url, done=url is not None)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)  # it tells of a failure in its log only
    sys.exit(asyncio.run(main()))
