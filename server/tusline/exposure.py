"""Who can reach a server that asks nobody who they are (I9)."""

from ipaddress import ip_address

from tusline.errors import ConfigurationError


def loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def must_be_safe(host: str, *, anonymous: bool) -> None:
    """Raises ConfigurationError for an address where anybody could upload by mistake: neither is
    it loopback, nor has its operator allowed that."""
    if not anonymous and not loopback(host):
        raise ConfigurationError(
            f"refusing to listen on {host}: anybody there could upload. Set "
            "TUSLINE_ALLOW_ANONYMOUS=true if the unguessable upload id is protection enough, or "
            "embed tusline in your application with an `authorize` hook"
        )
