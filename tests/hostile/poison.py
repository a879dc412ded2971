"""Hostile values, by the place where they are put."""

import base64

from .messages import READY, RECEIVING


def _pair(name: str, value: bytes) -> bytes:
    return name.encode() + b" " + base64.b64encode(value)


NUMBERS = tuple(
    text.encode()
    for text in (
        *("-1", "+1", "1.0", "0x1", "", " ", "1 1", "1e3", "1_0", "NaN", "inf", "%35", "5;", "5\t"),
        *("5, 5", "5,5", "-0", "0b1", "1/2", "\x005", "5\x00", "5\x7f", "\x0b5"),
        *("１", "٣", "५", "²", "1\u200b", "\xa05"),
        *("9223372036854775807", "9223372036854775808", "18446744073709551615"),
        *("18446744073709551616", "99999999999999999999", "1" * 400, "0" * 400 + "5"),
    )
)
METADATA = (
    *(b"a b c", b"a !!!", b"a Zm9", b"a Zm9v==", b"a Zm9v,a YmFy", b"a  Zm9v", b"a Zm-_", b" ,, ,"),
    *(b"\xc3\xa9 Zm9v", b"=", b",", b"a\tZm9v", b"a Zm9v" * 2000, b"a," * 5000, b"a Zm\xff9v"),
    _pair("filename", b"../../../../canary"),
    _pair("filename", b"/etc/passwd\0.jpg"),
    _pair("filename", b'x"\r\nSet-Cookie: stolen=1'),
    _pair("filename", b"\xff\xfe\xed\xa0\x80"),
    _pair("filename", "\u202egpj.exe\U0001f600".encode() * 50),
    _pair("filetype", b"text/html\r\nX: y"),
    _pair("filetype", b"image/jpeg;" * 300),
    _pair("batch", b"x" * 6000),
    b",".join(b"k%d" % n for n in range(1500)),
)
ADDRESSES = (
    *(b"evil.example", b"evil.example:99999", b"[::1]", b"[", b"a b", b"x\x00y", b"", b"-" * 5000),
    *(b"h/../..", b"h\\e", b"u:p@h", b"h, i", b"\xff\xfe", b"%00", b"[::1]:80:80", b"h\tx"),
)
CONCATS = (
    *(
        b"partial",
        b"final",
        b"final;",
        b"Partial",
        b"final;final;",
        b"x",
        b"",
        b"final;" + b" " * 9000,
    ),
    b"final;/files/../../canary",
    b"final;http://evil.example/files/" + READY,
    b"final;file:///canary //" + READY,
    b"final;" + b" ".join([b"/files/" + RECEIVING] * 800),
    b"final;%2ffiles%2f" + READY + b" /files/%00",
    b"final;http://[::1/files/x",
)
OTHERS = (
    *(b"", b" ", b"\t", b"\x00", b"\x01", b"a\x00b", b"a\rb", b"a\nb", b"\xff\xfe", b"%00%0d%0a"),
    *(b"x" * 3000, b"x" * 70_000, b"1.0.0, 1.0.0", b"1.0.1", b"0.2.2", b'"', b"\\", b";=,", b"*"),
    *(b"../../canary", b"<script>", b"'; DROP TABLE uploads;--", b"${jndi:ldap://x}", b"\x1b[2J"),
)
CHECKSUMS = (b"foo AAAA", b"SHA1 AAAA", b"sha1", b"sha1 !!!", b"sha1 AAAA", b"sha1 " + b"A" * 9000)
RANGES = (
    *(b"bytes=-0", b"bytes=5-1", b"bytes=0-" + b"9" * 30, b"bytes=--1", b"bytes=0-0,2-3", b"x=0-1"),
    *(b"bytes=" + b"0-1," * 5000, b"bytes= 0-1", b"bytes=\xd9\xa3-", b"bytes=", b"bytes=-", b"0-1"),
)
OVERRIDES = (
    *(b"PATCH", b"patch", b"HEAD", b"DELETE", b"GET", b"OPTIONS", b"PUT", b"TRACE", b"CONNECT"),
    *(b" ", b"", b"P\x00ATCH", b"PATCH, PATCH", b"\xff", b"X" * 3000),
)
EXPECTS = (
    b"100-continue",
    b"100-Continue",
    b"100-continue, x",
    b"200-ok",
    b"",
    b"100-continue;q=0",
)
BY_NAME: dict[bytes, tuple[bytes, ...]] = {
    b"Host": ADDRESSES,
    b"Forwarded": (
        *(b"host=" + address for address in ADDRESSES),
        b'for="x;host=evil;proto=gopher',
        b"proto=" + b"\\" * 3000,
        b"=;=;;,,",
        b'for="' + b'\\"' * 9000,
    ),
    b"X-Forwarded-Host": ADDRESSES,
    b"X-Forwarded-Proto": (b"https", b"javascript", b"https, http", b"", b"\xff"),
    b"X-Forwarded-For": (b"127.0.0.1", b"evil", b"1" * 9000),
    b"Upload-Length": NUMBERS,
    b"Upload-Offset": NUMBERS,
    b"Upload-Defer-Length": (*NUMBERS[:12], b"1", b"true"),
    b"Upload-Metadata": METADATA,
    b"Upload-Concat": CONCATS,
    b"Upload-Checksum": CHECKSUMS,
    b"Idempotency-Key": OTHERS,
    b"X-HTTP-Method-Override": OVERRIDES,
    b"Tus-Resumable": (b"1.0.0", *OTHERS),
    b"Content-Type": (b"text/plain", b"application/offset+octet-stream;x=\xff", *OTHERS),
    b"Content-Encoding": (b"gzip", b"identity", b"br" * 500),
    b"Range": RANGES,
    b"If-Range": (*OTHERS, b'W/"x"'),
    b"If-None-Match": (*OTHERS, b"*"),
    b"Origin": (b"null", b"https://evil.example", *OTHERS),
    b"Access-Control-Request-Method": OVERRIDES,
    b"Access-Control-Request-Headers": OTHERS,
    b"Last-Event-ID": (READY + b":1", READY + b":" + b"9" * 30, *OTHERS),
    b"Expect": EXPECTS,
    b"Connection": (b"close", b"keep-alive", b"Upgrade", b"close, keep-alive", b"Upload-Offset"),
    b"Upgrade": (b"h2c", b"websocket", b"\xff"),
    b"TE": (b"trailers", b"chunked"),
    b"Trailer": (b"Upload-Checksum", b"Authorization", b"Content-Length"),
    b"Cookie": OTHERS,
    b"Authorization": OTHERS,
    b"Accept-Encoding": (b"gzip;q=9", *OTHERS),
    b"Content-Length": (*NUMBERS, b"1000000", b"4294967296"),
    b"Transfer-Encoding": (
        *(b"chunked", b"identity", b"gzip", b"chunked, identity", b"chunked,chunked", b"xchunked"),
        *(b"chunked ", b"\x0bchunked", b'"chunked"', b"chunked;q=1", b"", b"\xe3\x83\x81unked"),
    ),
}
"""Every header that means something to the server or to a proxy, with values it may not expect."""

UP = b"../" * 8
TARGETS = (
    *(
        b"",
        b"*",
        b"/",
        b"//",
        b"/.",
        b"/..",
        b"/files/..",
        b"/files/%2e%2e",
        b"/files/../../canary",
    ),
    *(b"/files//", b"//files", b"/FILES", b"/files%2f", b"/files;x", b"/files?x=%00", b"/files#x"),
    b"/files/" + UP + b"canary",
    b"/files/" + UP.replace(b"/", b"%2F") + b"canary",
    b"/files/" + UP.replace(b"../", b"%252e%252e%252f") + b"canary",
    b"/uploads/%2e%2e%2fcanary",
    b"/uploads/..%5c..%5ccanary/original",
    b"/uploads/" + READY + b"/..%2f..%2f..%2fcanary",
    b"/uploads/" + READY + b"/%00",
    b"/uploads/" + READY + b"/original%00.jpg",
    b"/uploads/" + READY + b"/\xff\xfe",
    b"/uploads/" + READY + b"%0d%0aSet-Cookie:x",
    b"/uploads/%ed%a0%80%ff",
    b"/uploads/" + b"a" * 70_000,
    b"/files/" + b"%41" * 15_000,
    b"/files/" + RECEIVING + b"/" + RECEIVING,
    b"/files/" + RECEIVING + b"%00",
    b"/files/" + RECEIVING + b"?" + b"&a=b" * 3000,
    b"/files/" + RECEIVING[:-1],
    b"/assets/../index.html",
    b"/assets/..%2f..%2fserver.py",
    b"/assets/%2fetc%2fpasswd",
    b"/uploads/events",
    b"/uploads/events?ids=",
    b"/uploads/events?ids=" + b"," * 5000,
    b"/uploads/events?ids=" + b"a" * 16 + b"," + b"%0a" * 30,
    b"/uploads/events?ids=" + b",".join(b"%020d" % n for n in range(101)),
    b"/uploads/events?ids=%ff&ids=" + READY,
    b"http://evil.example/files",
    b"http://evil.example",
    b"http://[::1/files",
    b"http://x:99999999/files",
    b"https://u:p@h/files/" + RECEIVING,
    b"file:///canary",
    b"evil.example:443",
    b"files",
    b"?",
    b"/fi les",
    b"/\x00",
    b"/\x7f",
    b"/h\xc3\xa9",
    b"/%",
    b"/%zz/%1",
    b"\\files",
)
METHODS = (
    *(
        b"get",
        b"Patch",
        b"post",
        b"PUT",
        b"TRACE",
        b"CONNECT",
        b"SEARCH",
        b"PURGE",
        b"PRI",
        b"QUERY",
    ),
    *(b"M-SEARCH", b"FROB", b"", b" ", b"GET\t", b"G\x00T", b"\xff", b"X" * 3000, b"PATCH PATCH"),
    *(b"OPTIONS", b"HEAD", b"GET", b"POST", b"PATCH", b"DELETE", b"DESCRIBE", b"SOURCE", b"LINK"),
)
VERSIONS = (
    *(b"", b" ", b" HTTP/1.0", b" HTTP/0.9", b" HTTP/1.2", b" HTTP/2.0", b" HTTP/9.9", b" HTTP/1"),
    *(b" HTTP/1.10", b" http/1.1", b" HTTP /1.1", b" HTTP/1.1 ", b" ICE/1.0", b" RTSP/1.0", b" H"),
    *(b"  HTTP/1.1", b"\tHTTP/1.1", b" HTTP/1.1\x00", b" HTTP/" + b"1" * 500),
)
CHUNKS = (
    *(
        b"5\r\nhello",
        b"5\r\nhelloXX",
        b"5\nhello\n0\n\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n",
    ),
    *(b"-1\r\n", b"\r\n", b"g\r\n", b"5;" + b"e" * 70_000, b"5;a=b;c\r\nhello\r\n0;x=y\r\n\r\n"),
    *(
        b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n00000000\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\nx",
    ),
    *(b"7fffffffffffffff\r\nx", b"8000000000000000\r\nx", b"5 \r\nhello\r\n0\r\n\r\n", b"0\r\n"),
    b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n" + b"X-n: b\r\n" * 20_000,
    b"5\r\nhello\r\n0\r\nAuthorization: x\r\nUpload-Offset: 9\r\nTransfer-Encoding: x\r\n\r\n",
    b"5\r\nhello\r\n0\r\nContent-Length: 900\r\nHost: evil\r\nHost: evil\r\n\r\n",
    b"5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
    b"5\r\nhello\r\n0\r\n: x\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX: a\x00b\r\n\r\n",
)
CHECKSUM = b"Upload-Checksum: "
TRAILERS = (
    *(CHECKSUM + value + b"\r\n" for value in CHECKSUMS),
    (CHECKSUM + b"sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\n") * 2,
    *(b"", CHECKSUM, CHECKSUM + b"\r\n", CHECKSUM + b"md5 \xff\r\n", b"Upload-Offset: 9\r\n"),
    b"Tus-Resumable: 0.0.1\r\n" + CHECKSUM + b"crc32 AAAAAA==\r\n",
    b"X: y\r\n" * 500,
)
LINES = (
    *(b"X", b": x", b" folded", b"\tfolded: x", b"X : y", b"X\x00: y", b"X: \x00", b"X: a\x01b"),
    *(b"X: a\rb", b"X: a\nb", b"\xff: x", b"X(): y", b"X: \xff", b"X:", b"X: " + b"y" * 70_000),
    *(b"a:b\r\n" * 9000, b"\r\nX: y", b"\n", b"X: y\r\n folded\r\n\tmore", b"\x7f: x"),
)
NOISE = (
    b"\r\n",
    b"\r\n\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\xff" * 9,
    b"\x16\x03\x01\x02\x00\x01",
    b"GET /",
)
