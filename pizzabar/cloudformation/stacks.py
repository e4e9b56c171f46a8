"""The stack that runs, as CloudFormation would have it deployed."""

from datetime import datetime

from pizzabar.arn import Home
from pizzabar.cloudformation.stack import Stack
from pizzabar.uuids import uuid_of


class Stacks:
    """The stacks of one account and region: one of them."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.stack = Stack("", (), {}, {})
        self.created = datetime.min

    def deploy(self, stack: Stack, now: datetime) -> None:
        """Note what runs, and since when."""
        self.stack, self.created = stack, now

    @property
    def id(self) -> str:
        """The ARN of the stack."""
        return self._home.arn("cloudformation", f"stack/{self.stack.name}/{uuid_of(self.stack.name)}")
