"""Condition keys for tests: a plain mapping."""


class KeysOf:
    """The keys of a request; names are given in lower case."""

    def __init__(self, **keys: str | tuple[str, ...]) -> None:
        self._keys = {name.replace("__", ":").replace("_", "-"): value for name, value in keys.items()}

    def get(self, name: str) -> tuple[str, ...] | None:
        """Give the values of a key."""
        value = self._keys.get(name.lower())
        return (value,) if isinstance(value, str) else value


NOTHING = KeysOf()
