"""Upload a file with pytus, which goes by its own count and never looks at the server's offset."""

import sys

import pytus
import requests

from drivers import arguments


def main() -> int:
    endpoint, path, options = arguments.read()
    with path.open("rb") as file:
        try:
            pytus.upload(file, endpoint, **options)
        except (pytus.TusError, requests.RequestException) as error:
            sys.stderr.write(f"{error}\n")
            return arguments.tell(None, done=False)
    return arguments.tell(None, done=True)


if __name__ == "__main__":
    sys.exit(main())
