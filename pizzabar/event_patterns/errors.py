"""What is answered to an event pattern that is none."""

from collections.abc import Sequence

from pizzabar.errors import Fault, ServiceError


class InvalidEventPatternException(ServiceError):
    """Raised when an event pattern breaks a rule of the pattern language.

    AWS tells the first fault, and so does ``message``; ``faults`` holds every one, its path inside the pattern.
    ``place`` is where the first stands in the pattern's text, when AWS would tell.
    """

    def __init__(self, faults: Sequence[Fault], place: str = "") -> None:
        self.faults = tuple(faults)
        super().__init__(f"Event pattern is not valid. Reason: {self.faults[0].message}{place}")
