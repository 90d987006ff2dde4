"""Where the desk may listen: it has no sign-in of its own, so not on a network without a proxy."""

from __future__ import annotations

import ipaddress

from handrail.core.errors import ConfigurationError


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_binding(host: str, trusted_user_header: str | None) -> None:
    """Refuse to open the desk to a network without a sign-in.

    Raises:
        ConfigurationError: the address is not loopback and nobody would be asked who they are.
    """
    if trusted_user_header or is_loopback(host):
        return
    raise ConfigurationError(
        f"the desk has no sign-in of its own, so it does not listen on {host}: listen on 127.0.0.1,"
        " or put a reverse proxy with a sign-in before it and name the header that carries the "
        "user in HANDRAIL_TRUSTED_USER_HEADER"
    )
