"""Ranges, forwarding, event ids, file names and requests as a stranger may write them."""

import re
import string
from ipaddress import ip_network
from typing import Any
from urllib.parse import unquote, urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.near import latin, near, read
from tusline.errors import TuslineError
from tusline.http.address import Addresses, first_element
from tusline.http.downloads import UNSATISFIABLE, disposition, parse_range
from tusline.http.events import last_seen
from tusline.http.requests import Request

SIZE = st.integers(0, 300)
PLACE = st.one_of(st.integers(0, 400), st.integers(0, 10**17)).map(str) | st.just("")
RANGE = st.tuples(PLACE, PLACE).map(lambda ends: f"bytes={ends[0]}-{ends[1]}")
TOKEN = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=9)
NAME = st.text(string.ascii_lowercase + string.digits + ".-", min_size=1, max_size=20)
HOST = st.builds("{}{}".format, NAME | st.just("[2001:db8::1]"), st.sampled_from(["", ":8000"]))
EVERYBODY = Addresses(public_url=None, proxies=None)
NOBODY = Addresses(public_url=None, proxies=(ip_network("10.0.0.0/8"),))
HEADERS = (
    "host",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-http-method-override",
    "transfer-encoding",
    "content-length",
    "upload-offset",
)
VALUE = st.one_of(
    latin(HOST),
    latin(TOKEN),
    latin(st.just("chunked")),
    latin(st.integers(0, 2**64).map(str)),
    latin(st.builds("for=_x;host={};proto=https".format, HOST)),
)


def asked(headers: dict[str, str], **scope: Any) -> Request:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    given = {"type": "http", "method": "POST", "path": "/files", "headers": raw, "scheme": "http"}
    return Request(given | {"client": ("192.0.2.1", 1), "server": ("127.0.0.1", 8000)} | scope)


# --- Range ---------------------------------------------------------------------------------------


@given(near(RANGE), SIZE)
@settings(max_examples=500, deadline=None)
@example("bytes=-0", 5)
@example("bytes=0-", 0)
@example("bytes=-", 5)
def test_a_range_is_the_slice_that_it_names(text: str, size: int) -> None:
    whole = list(range(size))
    found = parse_range(text, size)
    match = re.fullmatch(r"bytes=([0-9]*)-([0-9]*)", text)
    if match is None or text == "bytes=-" or max(map(len, match.groups())) > 18:
        assert found is None
        return
    first, last = match.groups()
    if first and last and int(first) > int(last):
        assert found is None
        return
    if first:
        wanted = whole[int(first) : int(last) + 1 if last else size]
    else:
        wanted = whole[-int(last) :] if int(last) else []
    if found == UNSATISFIABLE or not wanted:
        assert (found, wanted) == (UNSATISFIABLE, [])
    else:
        assert found is not None
        assert whole[slice(*found)] == wanted


@given(st.none() | st.text())
def test_a_range_lies_within_the_file(text: str | None) -> None:
    found = parse_range(text, 10)
    assert found in (None, UNSATISFIABLE) or (found and 0 <= found[0] < found[1] <= 10)


# --- Forwarded -----------------------------------------------------------------------------------


@st.composite
def elements(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A Forwarded element as RFC 7239 has it, and what it says."""
    said = draw(st.dictionaries(TOKEN.map(str.lower), st.text(max_size=12), max_size=4))
    pairs = []
    for name, value in said.items():
        plain = re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", value) and draw(st.booleans())
        quoted = '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
        pairs.append(f"{draw(st.sampled_from([name, name.upper()]))}={value if plain else quoted}")
    return draw(st.sampled_from([";", "; ", " ;\t"])).join(pairs), said


@given(elements(), elements())
def test_the_first_element_of_forwarded_is_read_as_it_was_meant(
    first: tuple[str, dict[str, str]], second: tuple[str, dict[str, str]]
) -> None:
    assert first_element(first[0]) == first[1]
    assert first_element(f"{first[0]}, {second[0]}") == first[1]


def test_what_a_proxy_quotes_cannot_speak_for_it() -> None:
    quoted = 'for="x;host=evil.example, for=y";host=good.example;proto=https'
    assert EVERYBODY.base(asked({"forwarded": quoted, "host": "x"})) == "https://good.example"


@given(st.dictionaries(st.sampled_from(HEADERS), VALUE))
@example({"host": "[:::]"})
@example({"x-forwarded-host": "[::1]]", "host": "x:99999999"})
def test_the_address_told_is_one_whatever_was_sent(headers: dict[str, str]) -> None:
    for addresses in (EVERYBODY, NOBODY):
        base = addresses.base(asked(headers))
        assert re.fullmatch(r"https?://[A-Za-z0-9._\-\[\]:]+", base)
        assert urlsplit(base).hostname


@given(HOST, st.sampled_from(["http", "https"]))
def test_a_host_comes_through_each_of_its_headers(host: str, scheme: str) -> None:
    whole = f"{scheme}://{host}"
    assert EVERYBODY.base(asked({"host": host}, scheme=scheme)) == whole
    assert EVERYBODY.base(asked({"forwarded": f'proto={scheme};host="{host}"'})) == whole
    x = {"x-forwarded-host": f"{host}, other", "x-forwarded-proto": scheme, "host": "inner"}
    assert EVERYBODY.base(asked(x)) == whole
    assert NOBODY.base(asked(x)) == "http://inner"


# --- events, file names --------------------------------------------------------------------------

ID = st.text(string.ascii_letters + string.digits + "_-", min_size=16, max_size=64)


@given(ID, st.integers(0, 2**62))
def test_an_event_id_reads_back(id: str, version: int) -> None:
    assert last_seen(f"{id}:{version}") == {id: version}


@given(st.none() | latin(st.builds("{}:{}".format, ID, st.integers(0, 2**70))))
def test_an_event_id_is_an_upload_and_a_version_or_nothing(value: str | None) -> None:
    found = last_seen(value)
    match = re.fullmatch(r"([A-Za-z0-9_-]{16,64}):([0-9]{1,19})", value or "")
    assert found == ({match[1]: int(match[2])} if match else {})


@given(st.text(), st.booleans())
@example('a"; filename=b.html', True)
@example("../../x\r\nSet-Cookie: y", False)
@example("\U0001f600" * 300, False)
def test_a_file_name_stays_within_its_quotes(name: str, inline: bool) -> None:
    text = disposition(name, inline=inline)
    match = re.fullmatch(
        r"(inline|attachment); filename=\"([ !#-$&-.0-\[\]-~]{0,200})\"; "
        r"filename\*=UTF-8''((?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*)",
        text,
    )
    assert match is not None, text
    assert (match[1] == "inline") is inline
    assert unquote(match[3]) == name[:200]


# --- requests ------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(HEADERS), VALUE), st.sampled_from(["GET", "OPTIONS"]))
def test_a_request_is_read_or_refused(headers: dict[str, str], method: str) -> None:
    request = asked(headers, method=method)
    override = headers.get("x-http-method-override")
    assert request.method == (override.strip().upper() if override and method == "GET" else method)
    length = read(lambda asked: asked.body_length, request)
    if isinstance(length, TuslineError):
        assert length.status == 400
    else:
        assert request.has_body is (length != 0)
        assert request.chunked is (length is None)
        assert length is None or 0 <= length < 2**63
    offset = read(request.count, "Upload-Offset")
    if isinstance(offset, TuslineError):
        assert offset.status == 400
    else:
        assert offset == (int(headers["upload-offset"]) if "upload-offset" in headers else None)
