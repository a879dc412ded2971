"""gunicorn reads this where it is started: in a clone, and so at a Heroku-like host."""

from tusline.gunicorn_conf import *  # noqa: F403
