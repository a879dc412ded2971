"""tuspy with our connection under it: its chunks, offsets and headers, but no wait without end."""

import uuid
from collections.abc import Mapping
from typing import Any, BinaryIO

import tusclient.client
import tusclient.request
import tusclient.uploader.uploader

from tusline.uploader.connection import ASK_SECONDS, Answer, Body, Connection, resolved
from tusline.uploader.verdict import refusal

TusRequest: Any = tusclient.request.TusRequest  # tuspy's few annotations contradict its code,
Uploader: Any = tusclient.uploader.uploader.Uploader  # so it is taken as untyped

MOST_DIGITS = 19
"""Digits of the largest offset there is (2^63 - 1)."""


class TimedRequest(TusRequest):  # type: ignore[misc]
    """tuspy's PATCH, sent slice by slice over our connection."""

    def __init__(self, uploader: "TimedUploader") -> None:
        super().__init__(uploader)
        self._connection = uploader.connection
        self._seconds = uploader.seconds

    def perform(self) -> None:
        body = Body(self.file, self._content_length, self._seconds, self._connection.stop)
        answer = self._connection.ask(
            "PATCH", self._url, headers=self._request_headers, body=body, seconds=self._seconds
        )
        self.status_code = answer.status
        self.response_headers = answer.headers
        self.response_content = answer.body


class TimedUploader(Uploader):  # type: ignore[misc]
    """tuspy's Uploader for one open file. `seconds` is how long the next PATCH may take.

    Its methods raise LineLost and Refused in place of tuspy's errors, and retry nothing.
    """

    def __init__(
        self,
        stream: BinaryIO,
        endpoint: str,
        metadata: Mapping[str, str],
        connection: Connection,
    ) -> None:
        super().__init__(
            file_stream=stream,
            client=tusclient.client.TusClient(endpoint),
            metadata=dict(metadata),
        )
        self.connection = connection
        self.seconds = ASK_SECONDS
        self._creation_key = str(uuid.uuid4())

    def create_url(self) -> str:
        """POST; a repeated one after a lost answer finds the same upload by its key, and `offset`
        is what the server has of it."""
        endpoint: str = self.client.url
        headers = self.get_url_creation_headers() | {"Idempotency-Key": self._creation_key}
        answer = self.connection.ask("POST", endpoint, headers=headers)
        location = told_location(answer, endpoint)
        self.offset = told_offset(answer, self.stop_at) if "upload-offset" in answer.headers else 0
        return location

    def get_offset(self) -> int:
        """HEAD: how many bytes the server has."""
        answer = self.connection.ask("HEAD", self.url, headers=self.get_headers())
        return told_offset(answer, self.stop_at)

    def _do_request(self) -> None:
        self.request = TimedRequest(self)
        self.request.perform()
        answer = Answer(
            status=self.request.status_code,
            headers=self.request.response_headers,
            body=self.request.response_content,
        )
        told_offset(answer, self.stop_at)  # tuspy takes it as the new offset right after this


def told_location(answer: Answer, endpoint: str) -> str:
    """The address of a created upload. Raises Refused."""
    if answer.status != 201 or "location" not in answer.headers:
        raise refusal(answer.status, answer.headers, answer.body)
    return resolved(endpoint, answer.headers["location"])


def told_offset(answer: Answer, size: int) -> int:
    """Upload-Offset, which no file of `size` bytes can exceed. Raises Refused."""
    text = answer.headers.get("upload-offset", "")
    if answer.status not in (200, 201, 204) or not (text.isascii() and text.isdigit()):
        raise refusal(answer.status, answer.headers, answer.body)
    if len(text) > MOST_DIGITS or int(text) > size:
        raise refusal(answer.status, {}, b"")
    return int(text)
