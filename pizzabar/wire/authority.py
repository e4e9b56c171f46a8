"""
A certificate authority of this machine's own, so that ``https://{domainName}/{stage}`` reaches pizzabar.

It is made once and kept. Whoever trusts it trusts whatever it vouches for: its key is for its owner alone.
"""

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pizzabar.errors import PizzabarError

if TYPE_CHECKING:
    import trustme

CERTIFICATE = "ca.pem"
KEY = "ca-key.pem"
NAMES = ("localhost", "*.localhost", "*.execute-api.localhost", "127.0.0.1", "::1")


class TlsMissing(PizzabarError):
    """Raised when there can be no TLS for want of a package."""


def context_of(folder: Path, names: Iterable[str] = ()) -> ssl.SSLContext:
    """Give what a server shows that is at local names and ``names``; the authority in a folder vouches for it.

    Raise ``TlsMissing`` or ``OSError``.
    """
    authority = authority_in(folder)
    certificate = authority.issue_cert(*dict.fromkeys((*NAMES, *names)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def authority_in(folder: Path) -> "trustme.CA":
    """Give the authority that is kept in a folder, or a new one."""
    try:
        import trustme
    except ImportError:
        raise TlsMissing("TLS needs pip install 'pizzabar[tls]'") from None
    certificate, key = folder / CERTIFICATE, folder / KEY
    if certificate.is_file() and key.is_file():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="pizzabar on this machine")
    key.touch(mode=0o600)
    key.write_bytes(authority.private_key_pem.bytes())
    certificate.write_bytes(authority.cert_pem.bytes())
    return authority
