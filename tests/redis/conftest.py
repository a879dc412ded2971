"""Redis is spoken to from the server's loop; from both where sockets and transports matter."""

from support.loops import UVLOOP, on

anyio_backend = on(UVLOOP)
