"""The requests that the server knows, as values that can be spoiled one part at a time."""

import base64
import hashlib
from dataclasses import dataclass, replace

OCTETS = b"application/offset+octet-stream"

RECEIVING, DEFERRED, READY, DOOMED, UNKNOWN, PARTIAL, FINAL = (
    letter * 32 for letter in (b"R", b"D", b"F", b"X", b"U", b"P", b"Z")
)
"""Stand-ins of uploads' ids, until the run puts the real ones in: a request is then the same
whatever ids the server made up."""

Fields = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request. `tail` is what follows the head: a body, with its framing if it is chunked."""

    method: bytes = b"GET"
    target: bytes = b"/healthz"
    version: bytes = b" HTTP/1.1"
    fields: Fields = ()
    tail: bytes = b""

    def __bytes__(self) -> bytes:
        head = b"".join(name + b": " + value + b"\r\n" for name, value in self.fields)
        return (
            self.method + b" " + self.target + self.version + b"\r\n" + head + b"\r\n" + self.tail
        )

    def plus(self, *fields: tuple[bytes, bytes]) -> "Message":
        return replace(self, fields=self.fields + fields)


def tus(method: bytes, target: bytes, *fields: tuple[bytes, bytes], tail: bytes = b"") -> Message:
    own = ((b"Host", b"127.0.0.1"), (b"Tus-Resumable", b"1.0.0"))
    return Message(method=method, target=target, fields=own + fields, tail=tail)


def sized(message: Message, body: bytes) -> Message:
    length = (b"Content-Length", str(len(body)).encode())
    return replace(message.plus((b"Content-Type", OCTETS), length), tail=body)


def chunked(message: Message, *pieces: bytes, trailers: bytes = b"") -> Message:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    coding = (b"Transfer-Encoding", b"chunked")
    return replace(
        message.plus((b"Content-Type", OCTETS), coding), tail=framed + b"0\r\n" + trailers + b"\r\n"
    )


def metadata(**values: bytes) -> tuple[bytes, bytes]:
    pairs = (name.encode() + b" " + base64.b64encode(value) for name, value in values.items())
    return b"Upload-Metadata", b",".join(pairs)


OFFSET_0 = (b"Upload-Offset", b"0")
OVERRIDE = b"X-HTTP-Method-Override"
LENGTH_5 = (b"Upload-Length", b"5")
WRONG_SHA1 = (b"Upload-Checksum", b"sha1 " + base64.b64encode(b"x" * 20))
SHA1 = (b"Upload-Checksum", b"sha1 " + base64.b64encode(hashlib.sha1(b"hello").digest()))
TRAILER = (b"Trailer", b"Upload-Checksum")
AT_RECEIVING, AT_READY = b"/files/" + RECEIVING, b"/files/" + READY
STATUS = b"/uploads/" + READY
FORGED = b"Authorization: Bearer x\r\nUpload-Offset: 9\r\nUpload-Length: 1\r\nContent-Length: 3\r\n"


CREATIONS = (
    tus(b"POST", b"/files", LENGTH_5),
    tus(b"POST", b"/files", (b"Upload-Defer-Length", b"1")),
    tus(b"POST", b"/files/", LENGTH_5, metadata(filename=b"a.jpg", filetype=b"image/jpeg")),
    tus(
        b"POST", b"/files", LENGTH_5, (b"Idempotency-Key", b"0f8fad5b-d9cb-469f-a165-70867728950e")
    ),
    tus(b"POST", b"/files", LENGTH_5, (b"Upload-Concat", b"partial")),
    tus(b"POST", b"/files", (b"Upload-Concat", b"final;/files/%b /files/%b" % (READY, RECEIVING))),
    tus(b"POST", b"/files", (b"Upload-Concat", b"final;/files/%b %b" % (PARTIAL, PARTIAL))),
    sized(tus(b"POST", b"/files", LENGTH_5), b"hello"),
    chunked(tus(b"POST", b"/files", LENGTH_5, metadata(batch=b"b1")), b"hel", b"lo"),
    sized(tus(b"POST", b"/files", LENGTH_5, SHA1), b"hello"),
)
CHANGES = (
    sized(tus(b"PATCH", AT_RECEIVING, OFFSET_0), b"hello"),
    sized(tus(b"PATCH", AT_RECEIVING, OFFSET_0, WRONG_SHA1), b"hello"),
    sized(tus(b"PATCH", AT_RECEIVING, OFFSET_0, (b"Expect", b"100-continue")), b"x" * 20_000),
    sized(tus(b"POST", AT_RECEIVING, OFFSET_0, (OVERRIDE, b"PATCH")), b"hello"),
    chunked(tus(b"PATCH", AT_RECEIVING, OFFSET_0), b"he", b"l" * 300, b"lo"),
    chunked(tus(b"PATCH", AT_RECEIVING, OFFSET_0), b"hello", trailers=FORGED),
    chunked(
        tus(b"PATCH", AT_RECEIVING, OFFSET_0, TRAILER),
        b"hello",
        trailers=b": ".join(SHA1) + b"\r\n",
    ),
    sized(tus(b"PATCH", b"/files/" + FINAL, OFFSET_0), b"hello"),
    sized(tus(b"PATCH", b"/files/" + DEFERRED, OFFSET_0, LENGTH_5), b"he"),
    sized(tus(b"PATCH", AT_READY, OFFSET_0), b""),
    tus(b"DELETE", b"/files/" + DOOMED),
    tus(b"POST", b"/files/" + DOOMED, (OVERRIDE, b"DELETE")),
    tus(b"DELETE", b"/files/" + UNKNOWN, (b"Content-Length", b"0")),
)
LOOKS = (
    tus(b"HEAD", AT_RECEIVING),
    tus(b"HEAD", AT_READY),
    tus(b"HEAD", b"/files/" + FINAL),
    tus(b"POST", AT_RECEIVING, (OVERRIDE, b"HEAD")),
    tus(b"GET", AT_READY, (b"Range", b"bytes=2-5")),
    tus(b"GET", AT_RECEIVING),
    Message(method=b"OPTIONS", target=b"/files", fields=((b"Host", b"x"),)),
    Message(
        method=b"OPTIONS",
        target=AT_RECEIVING,
        fields=(
            (b"Host", b"x"),
            (b"Origin", b"https://page.example"),
            (b"Access-Control-Request-Method", b"PATCH"),
            (b"Access-Control-Request-Headers", b"Upload-Offset, Tus-Resumable"),
        ),
    ),
    tus(b"GET", b"/uploads/" + RECEIVING),
    tus(b"GET", STATUS),
    tus(b"GET", STATUS + b"/original", (b"Range", b"bytes=-3"), (b"If-Range", b'"%b"' % READY)),
    tus(b"GET", STATUS + b"/original?download=1", (b"If-None-Match", b'"%b"' % READY)),
    tus(b"GET", STATUS + b"/main"),
    tus(b"GET", b"/uploads/events?ids=%b,%b" % (READY, UNKNOWN)),
    tus(b"GET", b"/uploads/events?ids=" + READY, (b"Last-Event-ID", READY + b":3")),
    tus(b"GET", b"/config"),
    tus(b"GET", b"/healthz"),
    tus(b"GET", b"/readyz"),
    tus(b"GET", b"/"),
    tus(b"GET", b"/assets/main.js"),
)
KNOWN = CREATIONS + CHANGES + LOOKS
