"""
UUIDs of version 4 as text: made by chance, or of a name, so that a piece of work that is repeated has the same again.

The standard library's class costs five times what its text does.
"""

import os
from hashlib import blake2b


def new_uuid() -> str:
    """Make a UUID by chance."""
    return _write(os.urandom(16).hex())


def uuid_of(name: str) -> str:
    """Make the UUID of a name: always the same."""
    return _write(blake2b(name.encode(), digest_size=16).hexdigest())


def _write(digits: str) -> str:
    # The version stands in the 13th digit, the variant in the upper bits of the 17th.
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
