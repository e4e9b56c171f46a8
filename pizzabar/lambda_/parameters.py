"""What parameters of Lambda's operations may be, as the service's model has it."""

from pizzabar import constraints
from pizzabar.constraints import Constraint
from pizzabar.documents import JSON

CONSTRAINTS = {
    "Description": Constraint(str, 0, 256),
    "FunctionVersion": Constraint(str, choices=("ALL",)),
    "InvocationType": Constraint(str, choices=("Event", "RequestResponse", "DryRun")),
    "LogType": Constraint(str, choices=("None", "Tail")),
}


def hold(parameters: JSON, *names: str) -> None:
    """Raise ``ValidationException`` with all that is wrong with parameters, as far as they are there."""
    constraints.hold(parameters, names, CONSTRAINTS, lambda name: f"{name[0].lower()}{name[1:]}")
