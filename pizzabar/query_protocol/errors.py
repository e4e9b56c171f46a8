"""
What is wrong in a form, whatever the operation.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
"""

from pizzabar.errors import ServiceError


class InvalidParameterValue(ServiceError):
    """Raised when a value is not of its parameter's type. AWS's own words for it are not known."""

    def __init__(self, value: str, name: str, reason: str) -> None:
        super().__init__(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


class MissingParameter(ServiceError):
    """Raised when an entry of a map has no key or no value."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")
