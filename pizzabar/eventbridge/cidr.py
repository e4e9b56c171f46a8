"""
IP address blocks: ``{"cidr": "10.0.0.0/24"}``.

Pure. Host bits may be set, and are not looked at. The block of one address is refused, as AWS does.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
"""

import re
from ipaddress import AddressValueError, IPv6Address

from pizzabar.record import record

WIDTHS = {4: 32, 6: 128}
"""The bits of an address, by IP version."""

_OCTET = r"(0|[1-9][0-9]{0,2})"
_IPV4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")


class InvalidCidr(ValueError):
    """Raised when a text is not an address block; the message is AWS's reason."""


@record
class Address:
    """An IP address as a number."""

    version: int
    number: int


@record
class Cidr:
    """A block of addresses: those of one version whose first ``bits`` bits make the number ``network``."""

    version: int
    bits: int
    network: int

    def matches(self, value: object) -> bool:
        """Whether a leaf is a string that writes an address of the block."""
        address = read_address(value)
        return (
            address is not None
            and address.version == self.version
            and address.number >> (WIDTHS[self.version] - self.bits) == self.network
        )


def read_address(value: object) -> Address | None:
    """Give the address that a string writes, or None."""
    if not isinstance(value, str):
        return None
    if ":" not in value:
        number = _read_ipv4(value)
        return None if number is None else Address(4, number)
    try:
        return Address(6, int(IPv6Address(value))) if _IPV6.fullmatch(value) else None
    except AddressValueError:
        return None


def _read_ipv4(text: str) -> int | None:
    match = _IPV4.fullmatch(text)
    if match is None:
        return None
    a, b, c, d = map(int, match.groups())
    return None if max(a, b, c, d) > 255 else a << 24 | b << 16 | c << 8 | d


def block_of(address: Address, bits: int) -> Cidr:
    """Give the block of so many bits that an address is in."""
    return Cidr(address.version, bits, address.number >> (WIDTHS[address.version] - bits))


def read_cidr(text: str) -> Cidr:
    """Read ``address/bits``. Raise ``InvalidCidr`` when it is no block."""
    literal, slash, mask = text.partition("/")
    if not slash or "/" in mask:
        raise InvalidCidr("Malformed CIDR, one '/' required")
    if not mask.isascii() or not mask.isdigit() or len(mask) > 9:
        raise InvalidCidr("Malformed CIDR, mask bits must be an integer")
    address, bits = read_address(literal), int(mask)
    if address is None:
        raise InvalidCidr(f"Nonstandard IP address: {literal}")
    width = WIDTHS[address.version]
    if bits >= width:
        raise InvalidCidr(f"IPv{address.version} mask bits must be < {width}")
    return block_of(address, bits)
