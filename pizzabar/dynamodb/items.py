"""
What writes do to an item: pure decisions from the item that is there to the one that shall be.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
"""

from collections.abc import Callable

from pizzabar.documents import pack, parse
from pizzabar.dynamodb.document_paths import PathTree, project
from pizzabar.dynamodb.expression_parser import Values
from pizzabar.dynamodb.expressions import Requirement
from pizzabar.dynamodb.store import Decide, Image, Written
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.updates import Update
from pizzabar.dynamodb.values import MAX_ITEM_SIZE, MAX_NESTING, Item, nesting, size_of_attribute, size_of_item
from pizzabar.errors import ValidationException


def read_image(image: Image | None) -> Item | None:
    """Give the item that is kept, as a document of its own."""
    return None if image is None else parse(image.data)


def image_of(table: Table, item: Item, size: int) -> Image:
    """Give an item as it is kept. Raise ``ValidationException`` when an index cannot have it."""
    for index in table.indexes:
        index.check(item)
    return Image(pack(item), size, table.expiry(item))


def put(image: Image, requirement: Requirement | None) -> Decide:
    """Replace whatever is there."""
    if requirement is None:
        return lambda old: image

    def decide(old: Image | None) -> Image | None:
        requirement.enforce(read_image(old))
        return image

    return decide


def delete(requirement: Requirement | None) -> Decide:
    """Leave nothing."""
    if requirement is None:
        return lambda old: None

    def decide(old: Image | None) -> Image | None:
        requirement.enforce(read_image(old))
        return None

    return decide


def check(requirement: Requirement) -> Decide:
    """Leave what is there, if it is as it should be."""

    def decide(old: Image | None) -> Image | None:
        requirement.enforce(read_image(old))
        return old

    return decide


def update(table: Table, key: Item, update: Update, values: Values, requirement: Requirement | None) -> Decide:
    """Change the item, or make one of its key and what is set."""

    def decide(old: Image | None) -> Image | None:
        item = read_image(old)
        if requirement is not None:
            requirement.enforce(item)
        if item is not None and old is not None:
            size = old.size
        elif update.makes_an_item:
            item, size = dict(key), size_of_item(key)
        else:
            update.apply(dict(key), values)
            return None
        # What is not touched has the size and the depth it had.
        size -= _size(item, update.attributes)
        update.apply(item, values)
        size += _size(item, update.attributes)
        # Item and values are within the limit each, but what was put together of them may not be.
        if any(nesting(item[name]) > MAX_NESTING for name in update.attributes if name in item):
            raise ValidationException("Nesting Levels have exceeded supported limits")
        if size > MAX_ITEM_SIZE:
            raise ValidationException("Item size to update has exceeded the maximum allowed size")
        return image_of(table, item, size)

    return decide


def _size(item: Item, attributes: tuple[str, ...]) -> int:
    return sum([size_of_attribute(name, item.get(name)) for name in attributes])


RETURNS: dict[str, Callable[[Written, PathTree], Item | None]] = {
    "ALL_OLD": lambda written, paths: read_image(written.old),
    "ALL_NEW": lambda written, paths: read_image(written.new),
    "UPDATED_OLD": lambda written, paths: project(read_image(written.old) or {}, paths),
    "UPDATED_NEW": lambda written, paths: project(read_image(written.new) or {}, paths),
}
"""What a write returns, by ``ReturnValues``: of the item before and after, and of the paths that it touched."""
