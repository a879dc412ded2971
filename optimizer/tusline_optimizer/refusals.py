"""Why an image is refused: every stable code with the sentence a person reads."""

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "not_an_image": "This file is not an image.",
    "unsupported": "This kind of image cannot be optimized here.",
    "too_many_pixels": "This image has more pixels than are accepted.",
    "too_many_scans": "This JPEG is built from more scans than any camera or editor makes.",
    "too_much_memory": "This image needs more memory than one image may use.",
    "broken": "This image is damaged or incomplete.",
    "timeout": "This image took too long to optimize.",
    "crashed": "The optimizer stopped on this image each time it tried.",
    "too_many_attempts": "Optimizing this file was started too often without an end.",
}
"""Code → sentence. Codes are stable; the sentences may be reworded."""


class Refused(Exception):
    """The image is at fault, not the machine: trying again would not help.

    `code` is one of SENTENCES; `detail` is for the log, never for the client.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail

    @property
    def sentence(self) -> str:
        return SENTENCES[self.code]
