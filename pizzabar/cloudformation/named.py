"""
Properties that name other resources of the template by their ids: whether these are there, and the right ones.

Pure.
"""

from collections.abc import Iterator, Mapping, Sequence

from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.resource import Reference, Resource, ResourceType


@record
class Misnamed:
    """A property that should name a resource, and does not."""

    resource: Resource
    path: tuple[str | int, ...]
    message: str


def misnamed(resources: Sequence[Resource], types: Mapping[str, ResourceType]) -> Iterator[Misnamed]:
    """Find the properties that name nothing, or something else than they should."""
    named: dict[tuple[str, str], list[Resource]] = {}
    by_property = {
        (reference.type, reference.name)
        for type in types.values()
        for reference in type.references.values()
        if reference.name is not None
    }
    for resource in resources:
        names = [str(resource.properties.get(name)) for type, name in by_property if type == resource.type]
        for name in dict.fromkeys((resource.identity.ref, *names)):
            named.setdefault((resource.type, name), []).append(resource)
    for resource in resources:
        for name, reference in types[resource.type].references.items():
            value = resource.properties.get(name)
            members = value.items() if isinstance(value, Mapping) else () if value is None else [(None, value)]
            for key, member in members:
                text = str(member)
                found = named.get((reference.type, text.removeprefix(reference.prefix)), [])
                message = _fault(resource, reference, text, found if text.startswith(reference.prefix) else [])
                if message is not None:
                    yield Misnamed(resource, (name,) if key is None else (name, key), message)


def _fault(resource: Resource, reference: Reference, text: str, found: list[Resource]) -> str | None:
    """Tell what is wrong with a name, given all that has it."""
    if not found:
        form = f"{reference.prefix}ID, where ID is that of" if reference.prefix else "the ID of"
        return f"{text} is not {form} an {reference.type} of this template"
    others = [_difference(resource.properties, each.properties, reference.alike) for each in found]
    return None if None in others else f"{found[0].logical_id} has another {others[0]}"


def _difference(one: Mapping[str, JSON], other: Mapping[str, JSON], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if one.get(name) != other.get(name)), None)
