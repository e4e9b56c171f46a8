"""
Query and Scan: a page of items, then the filter, then the projection.

``Limit`` and the megabyte of a page count items before the filter; a page that ended by either tells the key of its
last item, even if nothing is left behind it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
"""

from collections.abc import Callable, Mapping

from pizzabar.documents import JSON, parse
from pizzabar.dynamodb import requests
from pizzabar.dynamodb.capacity import Capacity
from pizzabar.dynamodb.conditions import Condition
from pizzabar.dynamodb.document_paths import PathTree, project
from pizzabar.dynamodb.expression_parser import Values
from pizzabar.dynamodb.expressions import Expressions
from pizzabar.dynamodb.key_attributes import KeyAttribute, encode_key
from pizzabar.dynamodb.key_conditions import TOO_MANY, KeyTest, KeyTests
from pizzabar.dynamodb.keys import KeyRange, enclose, escape, join_key, prefix_range, successor
from pizzabar.dynamodb.legacy import with_expressions
from pizzabar.dynamodb.secondary_index import SecondaryIndex
from pizzabar.dynamodb.store import IndexPlace, Page, Segment
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.tables import Tables
from pizzabar.dynamodb.values import ONE_OR_MORE, Item, read_item, size_of_item
from pizzabar.errors import ValidationException

_QUERY_EXPRESSIONS = ("FilterExpression", "KeyConditionExpression", "ProjectionExpression")
_SCAN_EXPRESSIONS = ("FilterExpression", "ProjectionExpression")


async def query(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html"""
    parameters = requests.QUERY.check(parameters)
    start = _start_key(parameters)
    asked, parameters = parameters, with_expressions(parameters)
    _check_select(parameters, "Querying")
    expressions = Expressions(parameters, _QUERY_EXPRESSIONS)
    if "KeyConditionExpression" not in parameters:
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    filter_ = expressions.condition("FilterExpression")
    tests = expressions.key_condition()
    projection = expressions.projection()
    expressions.finish()
    table = tables.table(parameters["TableName"])
    index = _index(table, parameters)
    source = table if index is None else index
    partition, keys = key_range(source, tests, expressions.values)
    if filter_ is not None:
        for attribute in source.key_attributes:
            if attribute.name in filter_.attributes:
                kind = "QueryFilter" if "QueryFilter" in asked else "Filter Expression"
                raise ValidationException(
                    f"{kind} can only contain non-primary key attributes: Primary key attribute: {attribute.name}"
                )
    forward, limit = parameters.get("ScanIndexForward", True), parameters.get("Limit")
    page = await query_page(tables, table, index, partition, keys, start=start, forward=forward, limit=limit)
    condition = None if filter_ is None else filter_.meaning
    return result_of(parameters, table, index, page, condition, expressions.values, projection)


async def query_page(
    tables: Tables,
    table: Table,
    index: SecondaryIndex | None,
    partition: bytes,
    keys: KeyRange,
    *,
    start: Item | None,
    forward: bool,
    limit: int | None,
) -> Page:
    """Give a page of a partition of a table or an index, behind a start key. Raise ``ValidationException``."""
    if index is None:
        if start is not None:
            keys = _behind(table, partition, keys, start, forward)
        return await tables.query(table, partition, keys, forward=forward, limit=limit)
    after = None if start is None else _place(table, index, start)
    if after is not None:
        _check_inside(partition, keys, after[0], after[1])
    return await tables.query_index(table, index, partition, keys, after=after, forward=forward, limit=limit)


async def scan(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html"""
    parameters = requests.SCAN.check(parameters)
    start = _start_key(parameters)
    parameters = with_expressions(parameters)
    _check_select(parameters, "Scanning")
    segment = _segment(parameters)
    expressions = Expressions(parameters, _SCAN_EXPRESSIONS)
    filter_ = expressions.condition("FilterExpression")
    projection = expressions.projection()
    expressions.finish()
    table = tables.table(parameters["TableName"])
    index = _index(table, parameters)
    page = await scan_page(tables, table, index, start=start, segment=segment, limit=parameters.get("Limit"))
    condition = None if filter_ is None else filter_.meaning
    return result_of(parameters, table, index, page, condition, expressions.values, projection)


async def scan_page(
    tables: Tables,
    table: Table,
    index: SecondaryIndex | None,
    *,
    start: Item | None,
    segment: Segment | None = None,
    limit: int | None,
) -> Page:
    """Give a page of a table or an index, behind a start key. Raise ``ValidationException``."""
    if index is not None:
        place = None if start is None else _place(table, index, start)
        return await tables.scan_index(table, index, place, segment=segment, limit=limit)
    after = None
    if start is not None:
        try:
            after = table.key_of(start)
        except ValidationException as error:
            raise ValidationException(f"The provided starting key is invalid: {error.message}") from None
    return await tables.scan(table, after, segment=segment, limit=limit)


def key_range(source: Table | SecondaryIndex, tests: KeyTests, values: Values) -> tuple[bytes, KeyRange]:
    """Give the partition and the range of sort keys that a query wants.

    Raise ``ValidationException`` when its key condition is none for this table or index.
    """
    partitions, sorts = source.partitions, source.sorts
    if len(tests) > max(2, len(partitions) + len(sorts)):
        raise ValidationException(TOO_MANY)
    encoded = []
    for attribute in partitions:
        wanted = tests.get(attribute.name)
        if wanted is None:
            raise ValidationException(f"Query condition missed key schema element: {attribute.name}")
        if wanted.operator != "=":
            raise ValidationException("Query key condition not supported")
        encoded += _contents(attribute, wanted, values)
    partition = join_key(encoded)
    if len(tests) == len(partitions):
        return partition, KeyRange()
    if not sorts:
        raise ValidationException("Query key condition not supported")
    if sorts[0].name not in tests:
        raise ValidationException(f"Query condition missed key schema element: {sorts[0].name}")
    given = [attribute for attribute in sorts if attribute.name in tests]
    if given != list(sorts[: len(given)]) or len(partitions) + len(given) < len(tests):
        raise ValidationException("Query key condition not supported")
    for attribute in given:
        if tests[attribute.name].operator == "begins_with" and attribute.type == "N":
            raise ValidationException(
                f"{ONE_OR_MORE}ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"
            )
    *equal, last = given
    if any(tests[attribute.name].operator != "=" for attribute in equal):
        raise ValidationException("Query key condition not supported")
    test = tests[last.name]
    contents = _contents(last, test, values)
    if len(sorts) == 1:
        return partition, _RANGES[test.operator](*contents)
    before = b"".join(enclose(*_contents(attribute, tests[attribute.name], values)) for attribute in equal)
    return partition, _range_behind(before, test.operator, contents)


def _range_behind(before: bytes, operator: str, contents: list[bytes]) -> KeyRange:
    """Give the range of the keys that begin as they do, and go on with a part that a test wants."""
    everything = prefix_range(before) if before else KeyRange()
    first = before + enclose(contents[0])
    match operator:
        case "=":
            return prefix_range(first)
        case "<":
            return KeyRange(everything.start, first)
        case "<=":
            return KeyRange(everything.start, prefix_range(first).stop)
        case ">":
            behind = prefix_range(first).stop
            assert behind is not None
            return KeyRange(behind, everything.stop)
        case ">=":
            return KeyRange(first, everything.stop)
        case "BETWEEN":
            return KeyRange(first, prefix_range(before + enclose(contents[1])).stop)
        case _:
            return prefix_range(before + escape(contents[0]))


# Keys are whole byte strings: whatever is greater than a key is not less than its successor.
_RANGES: dict[str, Callable[..., KeyRange]] = {
    "=": lambda key: KeyRange(key, successor(key)),
    "<": lambda key: KeyRange(b"", key),
    "<=": lambda key: KeyRange(b"", successor(key)),
    ">": lambda key: KeyRange(successor(key)),
    ">=": KeyRange,
    "BETWEEN": lambda lower, upper: KeyRange(lower, successor(upper)),
    "begins_with": prefix_range,
}


def _contents(attribute: KeyAttribute, test: KeyTest, values: Values) -> list[bytes]:
    found = []
    for placeholder in test.placeholders:
        value = values[placeholder]
        if attribute.type not in value:
            raise ValidationException(f"{ONE_OR_MORE}Condition parameter type does not match schema type")
        found.append(encode_key(attribute, value[attribute.type]))
    return found


def _behind(table: Table, partition: bytes, keys: KeyRange, start: Item, forward: bool) -> KeyRange:
    if len(start) != len(table.key_attributes):
        raise ValidationException("Exclusive Start Key must have same size as table's key schema")
    try:
        start_partition, start_sort = table.key_of(start)
    except ValidationException:
        raise ValidationException("The provided starting key is invalid") from None
    _check_inside(partition, keys, start_partition, start_sort)
    return keys.after(start_sort) if forward else keys.before(start_sort)


def _check_inside(partition: bytes, keys: KeyRange, start_partition: bytes, start_sort: bytes) -> None:
    is_inside = keys.start <= start_sort and (keys.stop is None or start_sort < keys.stop)
    if start_partition != partition or not is_inside:
        raise ValidationException(
            "The provided starting key is outside query boundaries based on provided conditions"
        )


def _place(table: Table, index: SecondaryIndex, start: Item) -> IndexPlace:
    """Give the place in an index that a start key names: by the attributes of its key and the table's."""
    names = {attribute.name for attribute in (*index.key_attributes, *table.key_attributes)}
    if start.keys() != names:
        raise ValidationException("The provided starting key is invalid")
    own = {attribute.name: start[attribute.name] for attribute in table.key_attributes}
    try:
        index.check(start)
        in_table = table.key_of(own)
    except ValidationException:
        raise ValidationException("The provided starting key is invalid") from None
    in_index = index.key_of(start)
    if in_index is None:
        raise ValidationException("The provided starting key is invalid")
    return (*in_index, *in_table)


def result_of(
    parameters: Mapping[str, JSON],
    table: Table,
    index: SecondaryIndex | None,
    page: Page,
    filter_: Condition | None,
    values: Values,
    projection: PathTree | None,
) -> dict[str, JSON]:
    """Give what a page comes to: the items that a filter leaves, and where the page ended."""
    is_count = parameters.get("Select") == "COUNT"
    if index is not None:
        _check_projection(parameters, table, index, projection)
    result: dict[str, JSON] = {}
    if is_count and filter_ is None:
        count = len(page.items)
    else:
        found: list[Item] = [parse(data) for data in page.items]
        if filter_ is not None:
            found = [item for item in found if filter_.holds(item, values)]
        count = len(found)
        if not is_count:
            if projection is not None:
                found = [project(item, projection) for item in found]
            elif index is not None and parameters.get("Select") != "ALL_ATTRIBUTES":
                found = [index.projected(item, table.key_attributes) for item in found]
            result["Items"] = found
    result["Count"] = count
    result["ScannedCount"] = len(page.items)
    if not page.is_last:
        last = parse(page.items[-1])
        keys = () if index is None else index.key_attributes
        result["LastEvaluatedKey"] = table.key_item(last) | {each.name: last[each.name] for each in keys}
    if "ReturnConsumedCapacity" in parameters:
        capacity = Capacity(parameters)
        capacity.read(table, size_read(table, index, page), parameters.get("ConsistentRead"), index=index)
        result.update(capacity.of_one())
    return result


def size_read(table: Table, index: SecondaryIndex | None, page: Page) -> int:
    """Give how many bytes a page is, as an index has them."""
    if index is None or index.projection == "ALL":
        return page.size
    return sum(size_of_item(index.projected(parse(data), table.key_attributes)) for data in page.items)


def _start_key(parameters: Mapping[str, JSON]) -> Item | None:
    start = parameters.get("ExclusiveStartKey")
    if start is None:
        return None
    try:
        return read_item(start)[0]
    except ValidationException as error:
        raise ValidationException(f"The provided starting key is invalid: {error.message}") from None


def _segment(parameters: Mapping[str, JSON]) -> Segment | None:
    number, total = parameters.get("Segment"), parameters.get("TotalSegments")
    if number is None and total is None:
        return None
    for missing, given, value in (("Segment", "TotalSegments", number), ("TotalSegments", "Segment", total)):
        if value is None:
            raise ValidationException(
                f"The {missing} parameter is required but was not present in the request when parameter {given} "
                "is present"
            )
    assert number is not None
    assert total is not None
    if number >= total:
        raise ValidationException(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {number} is not less than TotalSegments: {total}"
        )
    return Segment(number, total)


def _check_select(parameters: Mapping[str, JSON], what: str) -> None:
    select = parameters.get("Select")
    is_projected = "ProjectionExpression" in parameters
    if select == "SPECIFIC_ATTRIBUTES" and not is_projected:
        raise ValidationException(
            f"{ONE_OR_MORE}Must specify the AttributesToGet or ProjectionExpression when choosing to get "
            "SPECIFIC_ATTRIBUTES"
        )
    if is_projected and select not in (None, "SPECIFIC_ATTRIBUTES"):
        chosen = "only the Count" if select == "COUNT" else select
        raise ValidationException(f"Cannot specify the ProjectionExpression when choosing to get {chosen}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and "IndexName" not in parameters:
        raise ValidationException(
            f"{ONE_OR_MORE}ALL_PROJECTED_ATTRIBUTES can be used only when {what} using an IndexName"
        )


def _index(table: Table, parameters: Mapping[str, JSON]) -> SecondaryIndex | None:
    """Find the index that a request names, if it does. Raise ``ValidationException``."""
    name = parameters.get("IndexName")
    if name is None:
        return None
    index = table.index(name)
    if index.is_global and parameters.get("ConsistentRead"):
        raise ValidationException("Consistent reads are not supported on global secondary indexes")
    return index


def _check_projection(
    parameters: Mapping[str, JSON], table: Table, index: SecondaryIndex, projection: PathTree | None
) -> None:
    """Raise ``ValidationException`` when a global index is asked for what it does not have."""
    if not index.is_global or index.projection == "ALL":
        return
    if parameters.get("Select") == "ALL_ATTRIBUTES":
        raise ValidationException(
            f"{ONE_OR_MORE}Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} "
            "because its projection type is not ALL"
        )
    if projection is not None:
        missing = [str(name) for name in projection if name not in index.projected_names(table.key_attributes)]
        if missing:
            raise ValidationException(
                f"{ONE_OR_MORE}Global secondary index {index.name} does not project [{', '.join(missing)}]"
            )
