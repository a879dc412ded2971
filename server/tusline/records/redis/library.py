"""The Lua scripts, put together from their files."""

from importlib.resources import files

from tusline.redis.keys import PLACES
from tusline.redis.script import Script
from tusline.upload import MOVES, OVER, PARTIAL_KEPT, SCHEMA, STORED, TIMELINE, Phase

SCRIPTS = files("tusline.records.redis").joinpath("scripts")

OPTIONAL = (
    "length",
    "metadata",
    "reason",
    "message",
    "type",
    "sha256",
    "width",
    "height",
    "variants",
    "batch",
    "original",
    "deferred",
    "concat",
    "members",
)
"""Fields of a record that are absent where they stand for nothing, and stand in `Upload`."""


def _known(part: str) -> str:
    """What a file of Lua knows of uploads, said once: in Python."""
    match part:
        case "common":
            return (
                f"local SCHEMA, TIMELINE_KEPT = {SCHEMA}, {TIMELINE}\n"
                f"local PARTIAL_KEPT = {PARTIAL_KEPT * 1_000_000:.0f}\n"
                f"local OVER, PLACES = {_set(OVER)}, {_list(PLACES)}\n"
            )
        case "moves":
            moves = ", ".join(f"{was}={_set(to)}" for was, to in MOVES.items())
            return f"local STORED, MOVES = {_set(STORED)}, {{{moves}}}\n"
        case "restore":
            return f"local STORED, OPTIONAL = {_set(STORED)}, {_list(OPTIONAL)}\n"
        case _:
            return ""


def _set(phases: frozenset[Phase]) -> str:
    return f"{{{', '.join(f'{phase}=true' for phase in sorted(phases))}}}"


def _list(names: tuple[str, ...]) -> str:
    return "{" + ", ".join(f"'{name}'" for name in names) + "}"


def _source(name: str) -> str:
    return SCRIPTS.joinpath(f"{name}.lua").read_text()


def _plain(name: str) -> Script:
    """A script that stands for itself."""
    return Script(name=name, source=_source(name))


def _upload(name: str, *libraries: str) -> Script:
    """A script on one upload."""
    parts = ("common", *libraries, name)
    return Script(name=name, source="\n".join(_known(part) + _source(part) for part in parts))


GET = _upload("get")
BEGIN = _upload("begin")
COMMIT = _upload("commit", "lease")
END = _upload("end", "lease")
FINISH = _upload("finish", "lease", "moves")
RETIRE = _upload("retire", "moves")
CREATE = _upload("create")
RESTORE = _upload("restore")
SYNCED = _upload("synced")
DISCARDED = _upload("discarded")
DROP_ORIGINAL = _upload("drop_original", "moves")
ORIGINAL_DROPPED = _upload("original_dropped")
FORGET = _upload("forget")
START_JOB = _upload("start_job", "moves")
POSTPONE = _upload("postpone", "moves")
PUBLISH = _upload("publish", "moves")
LIST = _upload("list")
UNLIST = _upload("unlist")

DUE = _plain("due")
CLAIM = _plain("claim")
UNCLAIM = _plain("unclaim")
PLACE = _plain("place")
GAP = _plain("gap")
CLOSE_GAP = _plain("close_gap")
