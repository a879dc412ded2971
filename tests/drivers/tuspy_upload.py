"""Upload a file with tuspy.

The option `async` takes its AsyncUploader; all others are the uploader's own (`retries`,
`chunk_size`, `upload_checksum`, `url` to resume, …).
"""

import asyncio
import sys

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from drivers import arguments


def main() -> int:
    endpoint, path, options = arguments.read()
    client = TusClient(endpoint)
    runs_async = options.pop("async", False)
    uploader = (client.async_uploader if runs_async else client.uploader)(str(path), **options)
    try:
        if runs_async:
            asyncio.run(uploader.upload())
        else:
            uploader.upload()
    except TusCommunicationError as error:
        sys.stderr.write(f"{error!r} {error.status_code} {error.response_content!r}\n")
        return arguments.tell(uploader.url, done=False)
    return arguments.tell(uploader.url, done=True)


if __name__ == "__main__":
    sys.exit(main())
