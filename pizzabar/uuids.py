"""
UUIDs of version 4 as text: made by chance, or of a name, so that a piece of work that is repeated has the same again.

The standard library's class costs five times what its text does.
"""

import os
from binascii import b2a_hex
from hashlib import blake2b
from struct import Struct

# The version stands in the 13th digit, the variant in the upper bits of the 17th.
_parts = Struct("8s4s3s3s12s").unpack
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def new_uuid() -> str:
    """Make a UUID by chance."""
    return uuid_from(os.urandom(16))


def uuid_from(drawn: bytes) -> str:
    """Make a UUID of 16 bytes or more that were drawn already."""
    digits = drawn[:16].hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:]}"


def uuid_of(name: str) -> str:
    """Make the UUID of a name: always the same."""
    # The variant is one of the four that there are: this costs half of what slices of a text do.
    return (b"%b-%b-4%b-a%b-%b" % _parts(b2a_hex(blake2b(name.encode(), digest_size=15).digest()))).decode()
