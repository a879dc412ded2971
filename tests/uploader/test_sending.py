"""One file on its way, against a server that answers as it should not."""

import os
import threading
from contextlib import closing
from pathlib import Path

import pytest

from support.diary import Diary
from support.line import Line
from support.scripted import Say, ScriptedServer
from tusline.uploader.connection import Connection, SourceChanged
from tusline.uploader.patience import GaveUp, Patience, Stopped
from tusline.uploader.resume import ResumeStore, key
from tusline.uploader.sending import STARTS, Sending, Sent
from tusline.uploader.sizer import Hints, Sizer
from tusline.uploader.source import Source, examine
from tusline.uploader.verdict import Refused

SIZE = 300_000
CHUNK = 100_000


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "photo.jpg"
    path.write_bytes(os.urandom(SIZE))
    return examine(path)


def send(
    source: Source,
    files: str,
    store: ResumeStore,
    diary: Diary,
    *,
    give_up: float = 30.0,
    chunk: int = CHUNK,
) -> Sent:
    """Send in equal chunks, without pauses between tries."""
    with closing(Connection(diary.stop)) as connection:
        return Sending(
            source,
            files,
            metadata={"batch": "b1"},
            connection=connection,
            sizer=Sizer(Hints(start=chunk, min=chunk, max=chunk)),
            store=store,
            watcher=diary,
            patience=Patience(give_up, diary.stop, dice=lambda: 0.0),
        ).run()


def test_a_file_goes_over_whole_on_one_connection(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    diary = Diary()
    sent = send(source, server.files, store, diary)
    assert server.bytes_by_id["id0"] == source.path.read_bytes()
    assert sent == Sent(url=f"{server.files}/id0", resumed_at=None, sent_again=0)
    assert server.methods() == ["POST", "PATCH", "PATCH", "PATCH"]
    assert server.connections == 1
    assert diary.heard("acknowledged") == [CHUNK, 2 * CHUNK, SIZE]


def test_the_creation_says_what_the_file_is(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    send(source, server.files, store, Diary())
    post = server.headers[0]
    assert post["tus-resumable"] == "1.0.0"
    assert post["upload-length"] == str(SIZE)
    assert post["upload-metadata"] == "batch YjE=,filename cGhvdG8uanBn,filetype aW1hZ2UvanBlZw=="


def test_an_empty_file_needs_no_patch(
    tmp_path: Path, server: ScriptedServer, store: ResumeStore
) -> None:
    (tmp_path / "empty").touch()
    send(examine(tmp_path / "empty"), server.files, store, Diary())
    assert server.methods() == ["POST"]


@pytest.mark.parametrize("status", [409, 423, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_asked_about_and_survived(
    status: int, source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].extend([Say(status=status), Say(status=status)])
    diary = Diary()
    sent = send(source, server.files, store, diary)
    assert server.bytes_by_id["id0"] == source.path.read_bytes()
    assert server.methods() == ["POST", *["PATCH", "HEAD"] * 2, *["PATCH"] * 3]
    assert diary.heard("waiting") == [f"the server answered {status}"] * 2
    assert sent.sent_again == 0


def test_a_lost_connection_costs_only_what_was_in_flight(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].append(Say(status=None, keep=60_000))
    diary = Diary()
    send(source, server.files, store, diary)
    assert server.bytes_by_id["id0"] == source.path.read_bytes()
    assert diary.heard("going on") == [60_000]
    assert server.requests[3] == ("PATCH", "/files/id0", 60_000)


@pytest.mark.parametrize("status", [204, 503])
def test_an_early_end_goes_on_at_the_servers_offset(
    status: int, source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    offset = {"Upload-Offset": "60000"}
    server.script["PATCH"].append(Say(status=status, keep=60_000, headers=offset))
    send(source, server.files, store, Diary())
    assert server.bytes_by_id["id0"] == source.path.read_bytes()
    assert ("PATCH", "/files/id0", 60_000) in server.requests


@pytest.mark.parametrize("status", [423, 500, 502, 503])
def test_a_failing_head_never_makes_it_start_over(
    status: int, source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].append(Say(status=None))
    server.script["HEAD"].extend([Say(status=status)] * 3)
    send(source, server.files, store, Diary())
    assert server.methods().count("POST") == 1
    assert server.bytes_by_id["id0"] == source.path.read_bytes()


@pytest.mark.parametrize("status", [404, 410])
def test_an_upload_that_is_gone_starts_anew_and_it_says_so(
    status: int, source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].append(Say(status=status, body="unknown-upload: no such upload"))
    diary = Diary()
    sent = send(source, server.files, store, diary)
    assert diary.heard("anew") == ["unknown-upload: no such upload"]
    assert sent.url.endswith("/id1")
    assert server.bytes_by_id["id1"] == source.path.read_bytes()


def test_a_server_that_loses_every_upload_is_left_in_the_end(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].extend([Say(status=404)] * (STARTS + 1))
    with pytest.raises(Refused):
        send(source, server.files, store, Diary())
    assert server.methods().count("POST") == STARTS + 1


def test_a_refusal_at_the_creation_ends_it_with_the_servers_words(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["POST"].append(Say(status=413, body="too-large: at most 10 MB".ljust(256)))
    with pytest.raises(Refused) as refused:
        send(source, server.files, store, Diary())
    assert refused.value.message == "too-large: at most 10 MB"
    assert server.methods() == ["POST"]


def test_a_refusal_of_the_content_is_not_remembered(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].append(Say(status=422, body="rejected-upload: not an image"))
    with pytest.raises(Refused, match="rejected-upload"):
        send(source, server.files, store, Diary())
    assert store.find(key(source.fingerprint, server.files)) is None


def test_a_missing_right_leaves_the_upload_to_be_gone_on_with(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].append(Say(status=401))
    with pytest.raises(Refused):
        send(source, server.files, store, Diary())
    assert store.find(key(source.fingerprint, server.files)) == f"{server.files}/id0"


def test_a_creation_whose_answer_was_lost_is_repeated_with_its_key(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["POST"].append(Say(status=None))
    send(source, server.files, store, Diary())
    first, second = (headers["idempotency-key"] for headers in server.headers[:2])
    assert first == second


def test_a_repeated_creation_goes_on_where_the_server_says(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.bytes_by_id["id0"] = bytearray(source.path.read_bytes()[:60_000])
    found = {"Location": f"{server.files}/id0", "Upload-Offset": "60000"}
    server.script["POST"].extend([Say(status=None), Say(status=201, headers=found)])
    sent = send(source, server.files, store, Diary())
    assert server.bytes_by_id["id0"] == source.path.read_bytes()
    assert server.requests[2] == ("PATCH", "/files/id0", 60_000)
    assert sent.sent_again == 0


def test_what_has_to_be_sent_again_is_counted_once_the_new_upload_is_there(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].append(Say(status=204, keep=CHUNK, headers={"Upload-Offset": "100000"}))
    server.script["PATCH"].append(Say(status=404))
    assert send(source, server.files, store, Diary()).sent_again == CHUNK


def test_a_second_run_goes_on_where_the_first_was_stopped(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    diary = Diary()
    diary.stop_at = CHUNK
    with pytest.raises(Stopped):
        send(source, server.files, store, diary)
    again = Diary()
    sent = send(source, server.files, store, again)
    assert sent.resumed_at == CHUNK
    assert again.lines[0] == ("began", CHUNK)
    assert server.methods().count("POST") == 1
    assert server.bytes_by_id["id0"] == source.path.read_bytes()


def test_an_upload_that_was_whole_already_sends_nothing(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    send(source, server.files, store, Diary())
    sent = send(source, server.files, store, Diary())
    assert sent.resumed_at == SIZE
    assert server.methods()[-2:] == ["PATCH", "HEAD"]


def test_a_server_that_takes_nothing_is_not_asked_for_ever(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    nothing = Say(status=204, headers={"Upload-Offset": "0"})
    server.script["PATCH"].extend([nothing] * 10_000)
    with pytest.raises(GaveUp, match="the server took nothing"):
        send(source, server.files, store, Diary(), give_up=0.3)


def test_a_server_that_breaks_its_word_is_found_out(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].append(Say(status=204, keep=CHUNK, headers={"Upload-Offset": "100000"}))
    server.script["PATCH"].append(Say(status=None))
    server.script["HEAD"].append(Say(status=200, headers={"Upload-Offset": "40000"}))
    sent = send(source, server.files, store, Diary())
    assert sent.sent_again == 60_000


def test_an_offset_beyond_the_file_is_refused(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    server.script["PATCH"].append(Say(status=204, headers={"Upload-Offset": str(SIZE + 1)}))
    with pytest.raises(Refused):
        send(source, server.files, store, Diary())


def test_a_file_that_shrinks_on_the_way_is_a_failure(
    source: Source, server: ScriptedServer, store: ResumeStore
) -> None:
    class Shrinking(Diary):
        def acknowledged(self, source: Source, offset: int) -> None:
            os.truncate(source.path, CHUNK + 1)

    with pytest.raises(SourceChanged):
        send(source, server.files, store, Shrinking())


def test_a_server_that_is_not_there_is_given_up_in_time(source: Source, store: ResumeStore) -> None:
    with Line(1) as line:
        line.refuse()
        diary = Diary()
        with pytest.raises(GaveUp, match="server out of reach"):
            send(source, f"{line.url}/files", store, diary, give_up=0.2)


def test_a_user_who_stops_is_obeyed_in_the_middle_of_a_patch(
    tmp_path: Path, server: ScriptedServer, store: ResumeStore
) -> None:
    size = 8_000_000  # more than the kernel takes in advance
    (tmp_path / "large").write_bytes(bytes(size))
    with Line(server.port, rate=1_000_000) as line:
        diary = Diary()
        begun = line.passed(100_000)

        def stop() -> None:
            begun.wait(10)
            diary.stop.set()

        stopper = threading.Thread(target=stop)
        stopper.start()
        with pytest.raises(Stopped):
            send(examine(tmp_path / "large"), f"{line.url}/files", store, diary, chunk=size)
        stopper.join()
        assert line.up < size
