"""What can go wrong between us and a server, and what an error reply means for a call."""

import re
from enum import Enum, auto

INNER = re.compile(r"@user_script: ?\d+: -?([A-Z]{3,}) ")
"""Before version 7 an error inside a script is wrapped: `ERR Error running script (call to f_…):
@user_script:1: @user_script: 1: -READONLY You can't write …`."""


class ReplyError(Exception):
    """The server answered with an error; its first word is the code."""

    @property
    def code(self) -> str:
        text = str(self)
        inner = INNER.search(text) if text.startswith("ERR ") else None
        return inner[1] if inner else text.partition(" ")[0]


class ScriptError(Exception):
    """A script, or a command, failed by its own fault: to send it again would not help."""


class LinkBroken(Exception):
    """The connection ended before the answer came: what was sent may have been done, or not."""


class LinkFull(Exception):
    """As many calls as may wait for one server do so already. Nothing was sent."""


class Meaning(Enum):
    """What a call does about an error reply."""

    FAIL = auto()
    """The call itself is wrong."""

    LOAD = auto()
    """The server does not know the script (any more)."""

    LATER = auto()
    """The server cannot do it now."""

    ELSEWHERE = auto()
    """This server is not, or no longer, the one that writes: connect anew."""

    MOVED = auto()
    """Another server of the cluster has the slot for good."""

    ASK = auto()
    """Another server of the cluster has the key, while the slot moves."""


MEANINGS = {
    "NOSCRIPT": Meaning.LOAD,
    "LOADING": Meaning.LATER,
    "BUSY": Meaning.LATER,
    "TRYAGAIN": Meaning.LATER,
    "CLUSTERDOWN": Meaning.LATER,
    "NOREPLICAS": Meaning.LATER,
    "MISCONF": Meaning.LATER,
    "OOM": Meaning.LATER,
    "READONLY": Meaning.ELSEWHERE,
    "MASTERDOWN": Meaning.ELSEWHERE,
    "NOAUTH": Meaning.ELSEWHERE,
    "MOVED": Meaning.MOVED,
    "ASK": Meaning.ASK,
}


def meaning(error: ReplyError) -> Meaning:
    return MEANINGS.get(error.code, Meaning.FAIL)
