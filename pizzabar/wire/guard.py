"""
Who may speak to this server: requests to one of its own names, from programs or from local web pages.

A web page of another site must not drive the emulator of whoever looks at it: neither by its address (its Origin is
foreign), nor by a name of its own that it lets point here (DNS rebinding: the Host is foreign).
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
Headers = list[tuple[bytes, bytes]]


_is_api = re.compile(r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com").fullmatch


class Guard:
    """Refuses foreign hosts and origins; ``*`` among the allowed ones allows any."""

    def __init__(self, allowed_hosts: Collection[str] = (), allowed_origins: Collection[str] = ()) -> None:
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in allowed_origins)

    def refusal(self, headers: Headers) -> str | None:
        """Tell why a request is refused, or None when it may pass."""
        host = None
        origins = []
        for name, value in headers:
            if name == b"host":
                host = host_name(value.decode("latin-1"))
                if not self._is_own(host):
                    return f"Host {host} is not this server's: allow it with PIZZABAR_ALLOWED_HOSTS"
            elif name == b"origin":
                origins.append(value.decode("latin-1").lower())
        for origin in origins:
            if not self._may_drive(origin, host):
                return f"Origin {origin} may not use this server: allow it with PIZZABAR_ALLOWED_ORIGINS"
        return None

    def refusal_of_get(self, headers: Headers) -> str | None:
        """Tell why a GET that does something is refused, or None when it may pass.

        The pictures and links of a page name no Origin, but browsers say whether it is another site's.
        https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
        """
        if header(headers, b"origin") is None and header(headers, b"sec-fetch-site") == "cross-site":
            return None if "*" in self._origins else "another site's page may not use this server"
        return None

    def _is_own(self, host: str) -> bool:
        # Nobody else can let the name of an API on AWS point here.
        return self.is_named(host) or "*" in self._hosts or _is_api(host) is not None

    def is_named(self, host: str) -> bool:
        """Tell whether a host is one of this server's names, and not let in with any other."""
        return host in LOCAL_NAMES or host.endswith(".localhost") or host in self._hosts

    def _may_drive(self, origin: str, host: str | None) -> bool:
        if "*" in self._origins or origin in self._origins:
            return True
        try:
            name = urlsplit(origin).hostname
        except ValueError:
            return False
        # That any host may be named does not let any page in: only those of the host that is named.
        return name is not None and (self.is_named(name) or name == host)


def header(headers: Headers, name: bytes) -> str | None:
    """Find a header by its name in lower case."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


def host_name(host: str) -> str:
    """Take the port off a Host header."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()
