"""Redis is spoken to from the server's loop; where sockets and their transports matter, from both."""

from support.loops import UVLOOP, on

anyio_backend = on(UVLOOP)
