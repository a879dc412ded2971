"""Headers that systems add to a client's requests by themselves."""

from support import tus

DRAFTS = [
    {"Upload-Complete": "?1", "Upload-Draft-Interop-Version": "6"},
    {"Upload-Incomplete": "?0", "Upload-Draft-Interop-Version": "3"},
]
"""What iOS 18 and 17 put on every upload task, also on those of TUSKit (KIT-02)."""


def test_headers_of_the_ietf_draft_on_a_tus_request_change_nothing(files: str) -> None:
    """And no interim 104 comes, which python-requests and Java take for the answer."""
    for draft in DRAFTS:
        url = tus.created(files, 10)
        with tus.open_patch(url, 0, 10, headers=draft) as sock:
            sock.sendall(b"1234567890")
            first = b""
            while not first.endswith(b"\r\n"):
                first += sock.recv(1)
            assert first.split()[1] == b"204"
        assert tus.head(url).offset == 10
        assert tus.request("GET", url).body == b"1234567890"
