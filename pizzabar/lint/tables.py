"""Tables, and the functions that use them: those that know a table's name."""

from collections.abc import Iterator

from pizzabar.resource import Resource


def names_in(table: Resource, function: Resource) -> Iterator[str]:
    """Give the environment variables of a function that hold a table's name or ARN."""
    names = {table.identity.ref, table.identity.attributes.get("Arn")}
    variables = function.properties.get("Environment", {}).get("Variables", {})
    return (name for name, value in variables.items() if value in names)


def is_used_by(table: Resource, function: Resource) -> bool:
    """Whether a function is told of a table."""
    return any(True for _ in names_in(table, function))


def hash_key(table: Resource) -> str:
    """Give the attribute that a table's items are found by."""
    keys = {each["KeyType"]: each["AttributeName"] for each in table.properties["KeySchema"]}
    return str(keys["HASH"])
