"""Which boot of the machine this is: what is only in the page cache does not outlive it."""

import secrets
import subprocess
from contextlib import suppress
from pathlib import Path

LINUX = Path("/proc/sys/kernel/random/boot_id")
DARWIN = ("sysctl", "-n", "kern.bootsessionuuid")
ASK_SECONDS = 5
"""How long to wait for the program that knows."""


def boot_id() -> str:
    """The kernel's id of the running boot. Where none can be had each start of a process counts
    as a boot: that costs unfinished uploads bytes, and never serves a wrong one."""
    return _of_linux() or _of_darwin() or secrets.token_hex(16)


def _of_linux() -> str:
    """Empty where the kernel is another one, or hides it."""
    with suppress(OSError):
        return LINUX.read_text().strip()
    return ""


def _of_darwin() -> str:
    """Empty where the system is another one."""
    with suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(
            DARWIN, capture_output=True, text=True, timeout=ASK_SECONDS, check=True
        )
        return asked.stdout.strip()
    return ""
