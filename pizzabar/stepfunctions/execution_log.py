"""
What executions write to CloudWatch Logs: how a state machine says it, and the lines.

Pure.
https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import field
from datetime import datetime

from pizzabar import documents
from pizzabar.arn import log_group_of
from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.stepfunctions.errors import InvalidLoggingConfiguration

LEVELS = ("ALL", "ERROR", "FATAL", "OFF")
FATAL = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
_OF_ERRORS = ("Aborted", "Failed", "TimedOut")
DATA = frozenset({"input", "inputDetails", "output", "outputDetails", "parameters"})
"""The members of events, and of answers, that have the data of an execution."""
_OFF: JSON = {"level": "OFF", "includeExecutionData": False}


@record
class Logging:
    """Which events of executions go to what log group; ``document`` is how AWS writes it."""

    level: str = "OFF"
    includes_data: bool = False
    group: str | None = None
    document: JSON = field(default_factory=lambda: _OFF)

    def takes(self, type: str) -> bool:
        """Whether events of a type are written.

        https://docs.aws.amazon.com/step-functions/latest/dg/cloudwatch-log-level.html
        """
        match self.level:
            case "ALL":
                return True
            case "ERROR":
                return type.endswith(_OF_ERRORS) or type == "FailStateEntered"
            case "FATAL":
                return type in FATAL
            case _:
                return False


OFF = Logging()


def read_logging(document: JSON) -> Logging:
    """Read a logging configuration as the API has it. Raise ``InvalidLoggingConfiguration``.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_LoggingConfiguration.html
    """
    level = document.get("level") or "OFF"
    if level not in LEVELS:
        raise InvalidLoggingConfiguration(f"Invalid Logging Configuration: Log level {level} is not one of {LEVELS}.")
    destinations = document.get("destinations") or []
    if len(destinations) > 1 or (level != "OFF" and not destinations):
        raise InvalidLoggingConfiguration("Invalid Logging Configuration: Must specify exactly one Log Destination.")
    includes_data = bool(document.get("includeExecutionData"))
    written: dict[str, JSON] = {"level": level, "includeExecutionData": includes_data}
    if not destinations:
        return Logging(level, includes_data, None, written)
    arn = (destinations[0].get("cloudWatchLogsLogGroup") or {}).get("logGroupArn") or ""
    group = log_group_of(arn)
    # Step Functions wants the ARN that ends so.
    if group is None or not arn.endswith(":*"):
        raise InvalidLoggingConfiguration(f"Invalid Logging Configuration: Invalid log destination: {arn}")
    written["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]
    return Logging(level, includes_data, group, written)


def lines_of(logging: Logging, execution_arn: str, redrives: int, events: Iterable[JSON]) -> Iterator[str]:
    """Write the events of an execution that a state machine wants written, each as a line."""
    for event in events:
        if logging.takes(event["type"]):
            details = next((each for each in event.values() if isinstance(each, dict)), {})
            if not logging.includes_data:
                details = {name: each for name, each in details.items() if name not in DATA}
            yield documents.write(
                {
                    "id": str(event["id"]),
                    "type": event["type"],
                    "details": details,
                    "previous_event_id": str(event["previousEventId"]),
                    "event_timestamp": str(round(event["timestamp"] * 1000)),
                    "execution_arn": execution_arn,
                    "redrive_count": str(redrives),
                }
            )


def stream_name(machine: str, since: datetime, id: str) -> str:
    """Name the log stream of a state machine.

    AWS begins a new one now and then; here each process of pizzabar has one.
    """
    return f"states/{machine}/{since:%Y-%m-%d-%H-%M}/{id}"
