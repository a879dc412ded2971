"""The application as a web server loads it: `tusline.asgi:app`.

With Redis it only takes requests, and `tusline worker` does the jobs; without, it does both.
"""

from tusline.app import create_app
from tusline.life import Role
from tusline.settings import load

settings = load()
app = create_app(settings, role=Role.WEB if settings.redis_url is not None else Role.ALL)
