"""Uploads over HTTP: the tus verbs as a raw ASGI application, and what stands beside them."""
