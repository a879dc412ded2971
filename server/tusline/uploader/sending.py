"""One file to one server, through any number of breaks, from the last acknowledged byte on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from tusline.uploader.connection import Connection, SourceChanged
from tusline.uploader.patience import Patience
from tusline.uploader.resume import ResumeStore, key
from tusline.uploader.sizer import Sizer
from tusline.uploader.source import Source
from tusline.uploader.timed import TimedUploader
from tusline.uploader.verdict import LineLost, Refused, Verdict, judge
from tusline.uploader.watching import Watcher

JUDGED = frozenset({413, 415, 422})
"""Statuses after which the upload is over: the content was refused, not the request."""

NO_SERVER = frozenset({404, 405, 501})
"""Statuses of a creation at an address where nobody speaks tus."""

STARTS = 5
"""How often an upload that the server lost is started anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A file that is on the server. See Result for `resumed_at` and `sent_again`."""

    url: str
    resumed_at: int | None
    sent_again: int


class Sending:
    """The way of one file. tuspy makes the requests; when, from where and how often is ours."""

    def __init__(
        self,
        source: Source,
        endpoint: str,
        *,
        metadata: Mapping[str, str],
        connection: Connection,
        sizer: Sizer,
        store: ResumeStore,
        watcher: Watcher,
        patience: Patience,
    ) -> None:
        self._source = source
        self._endpoint = endpoint
        self._metadata = dict(metadata) | source.metadata
        self._connection = connection
        self._sizer = sizer
        self._store = store
        self._watcher = watcher
        self._patience = patience
        self._key = key(source.fingerprint, endpoint)
        self._starts = 0
        self._began = False
        self._sure = False
        self._acknowledged = 0
        self._resumed_at: int | None = None
        self._sent_again = 0
        self._broken: tuple[int, float] | None = None

    def run(self) -> Sent:
        """Send the file. Raises Refused, GaveUp, Stopped, SourceChanged, InUse, OSError."""
        with self._store.claim(self._key), self._source.path.open("rb") as stream:
            uploader = TimedUploader(stream, self._endpoint, self._metadata, self._connection)
            if uploader.stop_at != self._source.size:
                raise SourceChanged("the file is being changed")
            uploader.url = self._store.find(self._key)
            while not (self._sure and uploader.offset == self._source.size):
                try:
                    self._step(uploader)
                except LineLost as lost:
                    self._wait(str(lost), None)
                except Refused as refused:
                    self._refused(uploader, refused)
        self._watcher.sent(self._source)
        return Sent(url=uploader.url, resumed_at=self._resumed_at, sent_again=self._sent_again)

    def _step(self, uploader: TimedUploader) -> None:
        if uploader.url is None:
            self._create(uploader)
        elif not self._sure:
            self._ask_offset(uploader)
        else:
            self._patch(uploader)

    def _create(self, uploader: TimedUploader) -> None:
        uploader.url = uploader.create_url()
        self._store.remember(self._key, uploader.url, self._source.path)
        self._sure = self._began = True
        self._sent_again += max(0, self._acknowledged - uploader.offset)
        self._acknowledged = uploader.offset
        self._patience.progress()
        self._watcher.began(self._source, uploader.offset)

    def _ask_offset(self, uploader: TimedUploader) -> None:
        offset = uploader.get_offset()
        if self._broken is not None:
            start, seconds = self._broken
            self._sizer.cut(max(0, offset - start), seconds)
            self._broken = None
        if self._began:
            self._sent_again += max(0, self._acknowledged - offset)
            self._watcher.going_on(self._source, offset)
        else:
            self._began = True
            self._resumed_at = offset
            self._watcher.began(self._source, offset)
        self._moved(uploader, offset)

    def _patch(self, uploader: TimedUploader) -> None:
        start = uploader.offset
        uploader.chunk_size = self._sizer.size
        size = uploader.get_request_length()
        uploader.seconds = self._sizer.limit(size)
        self._sure = False
        began = time.monotonic()
        try:
            uploader.upload_chunk()
        except (LineLost, Refused) as error:
            if isinstance(error, LineLost) or error.status >= 500:
                self._broken = start, time.monotonic() - began
            raise
        kept = uploader.offset - start
        if kept <= 0:
            raise LineLost("the server took nothing")
        if kept < size:
            self._sizer.cut(kept, time.monotonic() - began)
        else:
            self._sizer.sent(size, time.monotonic() - began)
        self._moved(uploader, uploader.offset)

    def _moved(self, uploader: TimedUploader, offset: int) -> None:
        uploader.offset = offset
        self._sure = True
        if offset > self._acknowledged:
            self._patience.progress()
        self._acknowledged = offset
        self._watcher.acknowledged(self._source, offset)

    def _refused(self, uploader: TimedUploader, refused: Refused) -> None:
        match judge(refused.status, upload_exists=uploader.url is not None):
            case Verdict.AGAIN:
                self._wait(refused.message, refused.retry_after)
            case Verdict.ANEW if self._starts < STARTS:
                self._starts += 1
                self._anew(uploader, refused.message)
            case _:
                if refused.status in JUDGED:
                    self._store.forget(self._key)
                if uploader.url is None and refused.status in NO_SERVER:
                    raise Refused(
                        refused.status,
                        f"no tus server at {self._endpoint} (it answered {refused.status})",
                    ) from refused
                raise refused

    def _anew(self, uploader: TimedUploader, why: str) -> None:
        self._store.forget(self._key)
        self._resumed_at, self._broken = None, None
        uploader.url = None
        self._watcher.anew(self._source, why)

    def _wait(self, why: str, retry_after: float | None) -> None:
        self._sure = False
        seconds = self._patience.delay(why, retry_after)
        self._watcher.waiting(self._source, why, seconds)
        self._patience.wait(seconds)
