"""
Models: JSON schemas that messages are held to before their integration is asked.

The schemas are of draft 4, and validated by ``jsonschema``, which is imported when the first one is compiled.
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-request-validation.html
"""

import re
from collections.abc import Callable, Iterator, Mapping

from pizzabar import documents
from pizzabar.constraints import natural
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import Fault, FaultyDocument, pointer
from pizzabar.record import record

MAX_FAULTS = 10
"""Nobody reads on beyond so many."""


class FaultyModel(FaultyDocument):
    """Raised when a schema breaks the rules of schemas; tells every fault."""


Find = Callable[[JSON], Iterator[str]]


@record
class Model:
    """A schema, compiled: ``find`` gives what is wrong in a document."""

    name: str
    find: Find

    def faults(self, document: JSON) -> list[str]:
        """Tell what is wrong in a document; nothing if it is as the schema says."""
        found: list[str] = []
        try:
            for fault in self.find(document):
                found.append(fault)
                if len(found) == MAX_FAULTS:
                    break
        except RecursionError:
            # A schema that comes back to itself without going deeper into the document.
            found.append("/: the schema does not come to an end")
        return found


def compile_model(name: str, schema: JSON) -> Model:
    """Compile a schema, an object or the text of one. Raise ``FaultyModel``."""
    if isinstance(schema, str):
        try:
            schema = documents.parse(schema)
        except NotJSON as error:
            raise FaultyModel([Fault((), f"is not JSON: {error}")]) from None
    from jsonschema import Draft4Validator
    from referencing import Registry

    meta = Draft4Validator(Draft4Validator.META_SCHEMA)
    faults = [Fault(tuple(error.absolute_path), error.message) for error in meta.iter_errors(schema)]
    faults += _references(schema, schema, ())
    if faults:
        raise FaultyModel(faults)
    # An empty registry: nothing is fetched.
    validator = Draft4Validator(schema, registry=Registry())

    def find(document: JSON) -> Iterator[str]:
        for error in validator.iter_errors(document):
            yield f"{pointer(tuple(error.absolute_path))}: {error.message}"

    return Model(name, find)


def _references(schema: JSON, root: JSON, path: tuple[str | int, ...]) -> Iterator[Fault]:
    """Find what a schema refers to outside of itself or in vain, and patterns that are none."""
    if isinstance(schema, list):
        for index, member in enumerate(schema):
            yield from _references(member, root, (*path, index))
    if not isinstance(schema, Mapping):
        return
    for key, member in schema.items():
        place = (*path, key)
        if key == "$ref":
            yield from _reference(member, root, place)
        elif key == "pattern":
            yield from _pattern(member, place)
        elif key in _BY_NAME and isinstance(member, Mapping):
            for name, each in member.items():
                if key == "patternProperties":
                    yield from _pattern(name, (*place, name))
                yield from _references(each, root, (*place, name))
        elif key not in ("enum", "default"):
            yield from _references(member, root, place)


_BY_NAME = ("properties", "patternProperties", "definitions", "dependencies")
"""Keywords whose members have names of the author's choice."""


def _reference(reference: JSON, root: JSON, place: tuple[str | int, ...]) -> Iterator[Fault]:
    if not isinstance(reference, str):
        yield Fault(place, "a reference is a text")
    elif not reference.startswith("#"):
        yield Fault(place, f"schemas outside of the model are not supported: {reference}")
    elif not _is_there(root, reference[1:]):
        yield Fault(place, f"nothing is at {reference}")


def _pattern(pattern: JSON, place: tuple[str | int, ...]) -> Iterator[Fault]:
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except re.error as error:
            yield Fault(place, f"is not a regular expression: {error}")


def _is_there(root: JSON, reference: str) -> bool:
    """Whether a JSON pointer names something."""
    if reference and not reference.startswith("/"):
        return False
    found = root
    for part in reference.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and (index := natural(name)) is not None and index < len(found):
            found = found[index]
        elif isinstance(found, Mapping) and name in found:
            found = found[name]
        else:
            return False
    return True
