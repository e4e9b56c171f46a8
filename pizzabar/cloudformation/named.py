"""
Properties that name: other resources of the template, which have to be there and be the right ones, or the resource
itself, which has to be the only one.

Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pizzabar.arn import parse_arn
from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.resource import Reference, Resource, ResourceType


@record
class Misnamed:
    """A property that does not name what it should."""

    resource: Resource
    path: tuple[str | int, ...]
    message: str
    is_elsewhere: bool = False
    """Whether it may name something that is not of the template."""


def misnamed(resources: Sequence[Resource], types: Mapping[str, ResourceType]) -> Iterator[Misnamed]:
    """Find the properties that name nothing, something else than they should, or what another is named already."""
    named: dict[tuple[str, str], list[Resource]] = {}
    by_property = {
        (reference.type, reference.name)
        for each in types.values()
        for reference in each.references.values()
        if reference.name is not None
    }
    for resource in resources:
        known = {**resource.identity.attributes, **resource.properties}
        names = [str(known.get(name)) for owner, name in by_property if owner == resource.type]
        for name in dict.fromkeys((resource.identity.ref, *names)):
            named.setdefault((resource.type, name), []).append(resource)
    taken: dict[tuple[str, ...], Resource] = {}
    for resource in resources:
        type = types[resource.type]
        values = [_value(resource, name, type.references.get(name)) for name in type.unique]
        if values and None not in values:
            other = taken.setdefault((resource.type, *map(str, values)), resource)
            if other is not resource:
                doubled = f"{values[-1]} already exists: {other.logical_id} has it"
                yield Misnamed(resource, (type.unique[-1],), doubled)
        for name, reference in type.references.items():
            value = resource.properties.get(name)
            for key, member in _members(value):
                text = reference.name_of(str(member))
                if text == reference.standing:
                    continue
                found = named.get((reference.type, text.removeprefix(reference.prefix)), [])
                message = _fault(resource, reference, text, found if text.startswith(reference.prefix) else [])
                if message is not None:
                    is_elsewhere = reference.may_be_elsewhere and not found
                    yield Misnamed(resource, (name,) if key is None else (name, key), message, is_elsewhere)


def _members(value: JSON) -> Iterable[tuple[str | int | None, JSON]]:
    """Give what a property names, and where in it: each member of a map or a list, or the property itself."""
    match value:
        case Mapping():
            return value.items()
        case list():
            return enumerate(value)
        case None:
            return ()
        case _:
            return [(None, value)]


def _value(resource: Resource, name: str, reference: Reference | None) -> str | None:
    value = resource.properties.get(name)
    if reference is None:
        return None if value is None else str(value)
    return reference.standing if value is None else reference.name_of(str(value))


def _fault(resource: Resource, reference: Reference, text: str, found: list[Resource]) -> str | None:
    """Tell what is wrong with a name, given all that has it."""
    if not found and reference.standing is not None:
        return f"there is no {reference.type} {text} in this template"
    if not found and reference.may_be_elsewhere and parse_arn(text) is not None:
        return f"{text} is not of this template, and an {reference.type} of another account or stack is not supported"
    if not found:
        form = f"{reference.prefix}ID, where ID is that of" if reference.prefix else "the ID of"
        return f"{text} is not {form} an {reference.type} of this template"
    others = [_difference(resource.properties, each.properties, reference.alike) for each in found]
    return None if None in others else f"{found[0].logical_id} has another {others[0]}"


def _difference(one: Mapping[str, JSON], other: Mapping[str, JSON], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if one.get(name) != other.get(name)), None)
