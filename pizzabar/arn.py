"""Amazon Resource Names, and where the emulated account stands."""

from functools import lru_cache

from pizzabar.record import record


@record
class Home:
    """The account and region that every resource of this emulator belongs to."""

    account: str = "123456789012"
    region: str = "us-east-1"

    def arn(self, service: str, resource: str) -> str:
        """Name a resource: ``arn("states", "stateMachine:Bake")``."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@record
class Arn:
    """An ARN taken apart; ``resource`` keeps its own colons and slashes.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def log_group_of(arn: str) -> str | None:
    """Give the name of the log group whose ARN it is, as ``AWS::Logs::LogGroup`` gives it or without its ``:*``.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    """
    head, _, group = arn.partition(":log-group:")
    return group.removesuffix(":*") or None if head.startswith("arn:") else None


@lru_cache(maxsize=4096)
def parse_arn(text: str) -> Arn | None:
    """Take an ARN apart, or answer None when the text is not one."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not (parts[1] and parts[2] and parts[5]):
        return None
    return Arn(*parts[1:])


def queue_url(arn: str) -> str:
    """Give the address that a queue of an ARN is asked at; its host does not matter here."""
    parsed = parse_arn(arn)
    if parsed is None:
        return arn
    return f"https://sqs.{parsed.region}.amazonaws.com/{parsed.account}/{parsed.resource}"
