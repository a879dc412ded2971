"""Which method a request means, and in which order it is judged."""

import pytest

from support import raw, tus

VERSION = {"Tus-Resumable": "1.0.0"}
OCTETS = {"Content-Type": tus.OFFSET_STREAM}


@pytest.mark.parametrize("real", ["POST", "GET", "PUT", "PATCH"])
def test_the_override_counts_on_any_real_method(files: str, real: str) -> None:
    url = tus.created(files, 5)
    patch = VERSION | OCTETS | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert tus.request(real, url, patch, b"12345").offset == 5
    head = VERSION | {"X-HTTP-Method-Override": "HEAD"}
    assert tus.request(real, url, head).headers["upload-length"] == "5"
    delete = VERSION | {"X-HTTP-Method-Override": "DELETE"}
    assert tus.request(real, url, delete).status == 204
    assert tus.head(url).status == 404


def test_a_preflight_stays_one_whatever_is_overridden(files: str) -> None:
    answer = tus.request("OPTIONS", files, {"X-HTTP-Method-Override": "DELETE"})
    assert (answer.status, answer.headers["tus-version"]) == (200, "1.0.0")


def test_a_patch_of_the_creation_url_makes_nothing(files: str) -> None:
    given = VERSION | OCTETS | {"Upload-Length": "5", "Upload-Offset": "0"}
    for headers in (given | {"X-HTTP-Method-Override": "PATCH"}, given):
        method = "POST" if "X-HTTP-Method-Override" in headers else "PATCH"
        answer = tus.request(method, files, headers, b"12345")
        assert answer.status == 405
        assert "location" not in answer.headers


def test_a_creation_is_for_the_creation_url(files: str) -> None:
    for address in (tus.created(files, 5), f"{files}/{'n' * 32}"):
        answer = tus.request("POST", address, VERSION | {"Upload-Length": "5"})
        assert answer.status == 405
        assert "location" not in answer.headers


def test_no_address_of_an_upload_redirects(files: str) -> None:
    url = tus.created(files, 5) + "/"
    for answer in (
        tus.head(url),
        tus.patch(url, 0, b"12345"),
        tus.delete(url),
        tus.request("GET", url),
        tus.request("POST", url, VERSION),
    ):
        assert answer.status in (404, 405)
        assert "location" not in answer.headers


def test_a_patch_as_java_sends_it_is_taken(files: str) -> None:
    """HttpURLConnection knows no PATCH, never says how long a body is, and waits for a word."""
    url = tus.created(files, 10)
    headers = {
        "X-HTTP-Method-Override": "PATCH",
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Expect": "100-continue",
        "Content-Type": "application/offset+octet-stream",
        "User-Agent": "Java/17.0.15",
        "Accept": "text/html, image/gif, image/jpeg, */*; q=0.2",
        "Connection": "keep-alive",
        "Transfer-Encoding": "chunked",
    }
    with raw.open_request("POST", url, headers) as sock:
        assert raw.first_line(sock) == b"HTTP/1.1 100 Continue"
        sock.recv(25)
        sock.sendall(b"a\r\n1234567890\r\n0\r\n\r\n")
        answer = tus.read_answer(sock)
    assert (answer.status, answer.offset) == (204, 10)
    with raw.open_request("POST", url, headers | {"Upload-Offset": "10"}) as sock:
        assert raw.first_line(sock) == b"HTTP/1.1 100 Continue"
        sock.recv(25)
        sock.sendall(b"0\r\n\r\n")
        assert tus.read_answer(sock).status == 204


def test_a_request_with_many_faults_is_told_the_first_in_the_order_of_the_table(
    files: str,
) -> None:
    url, unknown = tus.created(files, 5), f"{files}/{'n' * 32}"
    tus.patch(url, 0, b"12")
    good = VERSION | OCTETS
    with tus.open_patch(url, 2, 3) as holder:
        holder.sendall(b"3")
        told = [
            tus.request("POST", unknown, {"Content-Type": "text/plain"}, b"123456"),
            tus.request("POST", unknown, VERSION | {"Content-Type": "text/plain"}, b"123456"),
            tus.request("PATCH", unknown, VERSION | {"Content-Type": "text/plain"}, b"123456"),
            tus.request("PATCH", url, VERSION | {"Upload-Offset": "x"}, b"123456"),
            tus.request("PATCH", url, good | {"Upload-Offset": "x"}, b"123456"),
            tus.request("PATCH", url, good | {"Upload-Offset": "0"}, b"123456"),
        ]
        holder.sendall(b"45")
        assert tus.read_answer(holder).status == 204  # none of them has disturbed the writer
    told.append(tus.request("PATCH", url, good | {"Upload-Offset": "5"}, b"123456"))
    assert [answer.status for answer in told] == [412, 405, 404, 415, 400, 409, 413]
