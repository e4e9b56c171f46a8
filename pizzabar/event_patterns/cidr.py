"""
IP address blocks: ``{"cidr": "10.0.0.0/24"}``.

Pure. Host bits may be set, and are not looked at. The block of one address is refused, as AWS does. Addresses are
read as Java reads them: leading zeros mean nothing, and an IPv4 address that is mapped into IPv6 is the IPv4
address. Writings with dots inside IPv6, or with a zone, are no addresses.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import re

from pizzabar.record import record

WIDTHS = {4: 32, 6: 128}
"""The bits of an address, by IP version."""

_IPV4 = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)")
_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:]*")
_BITS = re.compile(r"([+-]?)0*([0-9]{1,10})")
_LONGEST_IPV4 = 15
_MAPPED = 0xFFFF
_MAX_INT = 2**31 - 1


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
    # Most strings are told apart by their first character.
    if not isinstance(value, str) or value[:1] not in _BEGINNINGS:
        return None
    if ":" in value:
        return _read_ipv6(value) if _IPV6.fullmatch(value) else None
    match = _IPV4.fullmatch(value)
    if match is None or len(value) > _LONGEST_IPV4:
        return None
    a, b, c, d = map(int, match.groups())
    return None if max(a, b, c, d) > 255 else Address(4, a << 24 | b << 16 | c << 8 | d)


_BEGINNINGS = frozenset("0123456789abcdefABCDEF:")


def _read_ipv6(text: str) -> Address | None:
    left, gap, right = text.partition("::")
    if gap and ("::" in right or right.startswith(":")):
        return None
    before = left.split(":") if left else []
    after = right.split(":") if right else []
    if len(before) + len(after) > (7 if gap else 8) or (not gap and len(before) != 8):
        return None
    groups = before + ["0"] * (8 - len(before) - len(after)) + after
    number = 0
    for group in groups:
        if not group or (value := int(group, 16)) > 0xFFFF:
            return None
        number = number << 16 | value
    if number >> 32 == _MAPPED:
        return Address(4, number & 0xFFFFFFFF)
    return Address(6, number)


def block_of(address: Address, bits: int) -> Cidr:
    """Give the block of so many bits that an address is in."""
    return Cidr(address.version, bits, address.number >> (WIDTHS[address.version] - bits))


def read_cidr(text: str) -> Cidr:
    """Read ``address/bits``. Raise ``InvalidCidr`` when it is no block."""
    # What is empty at the end does not count: "10.0.0.0/8/" is "10.0.0.0/8".
    parts = text.rstrip("/").split("/")
    if len(parts) != 2:
        raise InvalidCidr("Malformed CIDR, one '/' required")
    literal, mask = parts
    match = _BITS.fullmatch(mask)
    if match is None or int(match[2]) > _MAX_INT + (match[1] == "-"):
        raise InvalidCidr("Malformed CIDR, mask bits must be an integer")
    bits = int(match[2])
    if match[1] == "-" and bits:
        raise InvalidCidr("Malformed CIDR, mask bits must not be negative")
    address = read_address(literal)
    if address is None:
        is_like_one = _IPV4.fullmatch(literal) or _IPV6.fullmatch(literal)
        raise InvalidCidr(f"{'Invalid' if is_like_one else 'Nonstandard'} IP address: {literal}")
    width = WIDTHS[address.version]
    if bits >= width:
        raise InvalidCidr(f"IPv{address.version} mask bits must be < {width}")
    return block_of(address, bits)
