"""What parameters of Lambda's operations may be, as the service's model has it."""

from pizzabar.constraints import Constraint, detected, violations
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException

CONSTRAINTS = {
    "Description": Constraint(str, 0, 256),
    "FunctionVersion": Constraint(str, choices=("ALL",)),
    "InvocationType": Constraint(str, choices=("Event", "RequestResponse", "DryRun")),
    "LogType": Constraint(str, choices=("None", "Tail")),
}


def hold(parameters: JSON, *names: str) -> None:
    """Raise ``ValidationException`` with all that is wrong with parameters, as far as they are there."""
    problems: list[str] = []
    for name in names:
        if (value := parameters.get(name)) is not None:
            problems += violations(f"{name[0].lower()}{name[1:]}", value, CONSTRAINTS[name])
    if problems:
        raise ValidationException(detected(problems))
