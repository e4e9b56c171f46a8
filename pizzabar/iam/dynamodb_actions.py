"""
The actions of DynamoDB and its streams.

Pure. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.iam.access import Access, LateKey, Rule, Surroundings, as_given, on, on_nothing


def table_arn(name_or_arn: str, home: Home) -> str:
    """Name a table; operations take its ARN as well."""
    return name_or_arn if name_or_arn.startswith("arn:") else home.arn("dynamodb", f"table/{name_or_arn}")


def _search(action: str) -> Rule:
    """Query and Scan: on the table, or on an index of it."""

    def accesses(inputs: tuple[str, str | None], surroundings: Surroundings) -> Iterable[Access]:
        table, index = inputs
        arn = table_arn(table, surroundings.home)
        yield Access(action, arn if index is None else f"{arn}/index/{index}")

    return Rule(lambda given: (given["TableName"], given.get("IndexName")), accesses, {**_SEARCH, **_OF_ONE})


def _batch(action: str) -> Rule:
    """Batches: on each table."""

    def accesses(tables: tuple[str, ...], surroundings: Surroundings) -> Iterable[Access]:
        return [Access(action, table_arn(table, surroundings.home)) for table in tables]

    return Rule(lambda given: tuple(given["RequestItems"]), accesses, {LEADING_KEYS: _leading_keys_of_batch})


def _transaction(operation: str, actions: Mapping[str, str]) -> Rule:
    """Transactions: on each table, each kind of change as the action that it is by itself."""

    def inputs(given: JSON) -> tuple[tuple[str, str], ...]:
        pairs = ((kind, asked["TableName"]) for item in given["TransactItems"] for kind, asked in item.items())
        return tuple(dict.fromkeys(pairs))

    def accesses(pairs: tuple[tuple[str, str], ...], surroundings: Surroundings) -> Iterable[Access]:
        keys = {"dynamodb:enclosingoperation": (operation,)}
        return [Access(actions[kind], table_arn(table, surroundings.home), keys) for kind, table in pairs]

    def leading_keys(given: JSON, access: Access, surroundings: Surroundings) -> tuple[str, ...] | None:
        asked = [(kind, each) for item in given["TransactItems"] for kind, each in item.items()]
        items = [
            each.get("Item") or each.get("Key")
            for kind, each in asked
            if actions[kind] == access.action and table_arn(each["TableName"], surroundings.home) == access.resource
        ]
        return _values(items, access.resource, surroundings)

    return Rule(inputs, accesses, {LEADING_KEYS: leading_keys})


# The words that say what a statement does, and to which table or index of one.
_STATEMENT = re.compile(
    r"""\s*(?:EXISTS\s*\(\s*)?(?:(?P<verb>SELECT)\b.*?\bFROM|(?P<insert>INSERT)\s+INTO|(?P<update>UPDATE)"""
    r"""|(?P<delete>DELETE)\s+FROM)\s*(?P<table>"[^"]+"|[\w.-]+?)(?:\s*\.\s*(?P<index>"[^"]+"|[\w-]+))?(?![\w.-])""",
    re.IGNORECASE | re.DOTALL,
)
_STRINGS = re.compile(r"'(?:[^']|'')*'")


def _partiql(*statements: str) -> Rule:
    """PartiQL: on each table, or index of it, that a statement names.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
    """

    def inputs(given: JSON) -> tuple[str, ...]:
        if not statements:
            return (given["Statement"],)
        return tuple(each["Statement"] for each in given[statements[0]])

    def accesses(texts: tuple[str, ...], surroundings: Surroundings) -> Iterator[Access]:
        for text in texts:
            found = _STATEMENT.match(_STRINGS.sub("''", text))
            if found is None:
                # It will be refused for what it says.
                continue
            verb = next(filter(None, found.group("verb", "insert", "update", "delete")))
            arn = table_arn(found["table"].strip('"'), surroundings.home)
            if found["index"] is not None:
                index = found["index"].strip('"')
                arn = f"{arn}/index/{index}"
            yield Access(f"dynamodb:PartiQL{verb.capitalize()}", arn)

    return Rule(inputs, accesses)


# Condition keys ---------------------------------------------------------------------------------------------

LEADING_KEYS = "dynamodb:leadingkeys"


def _values(items: Iterable[JSON], table: str, surroundings: Surroundings) -> tuple[str, ...] | None:
    """Give the values of the partition key of items, or of keys."""
    name = surroundings.partition_key_of(table.partition("/")[2].partition("/")[0])
    found = [value for item in items if isinstance(item, dict) for value in (item.get(name) or {}).values()]
    return tuple(map(str, found)) or None


def _leading_keys(given: JSON, access: Access, surroundings: Surroundings) -> tuple[str, ...] | None:
    return _values([given.get("Item") or given.get("Key")], access.resource, surroundings)


def _leading_keys_of_batch(given: JSON, access: Access, surroundings: Surroundings) -> tuple[str, ...] | None:
    items: list[JSON] = []
    for table, asked in given["RequestItems"].items():
        if table_arn(table, surroundings.home) != access.resource:
            continue
        if isinstance(asked, dict):
            items += asked.get("Keys", ())
            continue
        for request in asked:
            items += [each.get("Item") or each.get("Key") for each in request.values()]
    return _values(items, access.resource, surroundings)


_EQUALS = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")


def _leading_keys_of_query(given: JSON, access: Access, surroundings: Surroundings) -> tuple[str, ...] | None:
    name = surroundings.partition_key_of(access.resource.partition("/")[2].partition("/")[0])
    names, values = given.get("ExpressionAttributeNames") or {}, given.get("ExpressionAttributeValues") or {}
    for left, right in _EQUALS.findall(given.get("KeyConditionExpression") or ""):
        if names.get(left, left) == name and isinstance(values.get(right), dict):
            return tuple(map(str, values[right].values()))
    return None


def _text_of(parameter: str) -> LateKey:
    def read(given: JSON, access: Access, surroundings: Surroundings) -> tuple[str, ...] | None:
        value = given.get(parameter)
        return (value,) if isinstance(value, str) else None

    return read


_OF_ONE: Mapping[str, LateKey] = {"dynamodb:returnconsumedcapacity": _text_of("ReturnConsumedCapacity")}
_SEARCH: Mapping[str, LateKey] = {
    LEADING_KEYS: _leading_keys_of_query,
    "dynamodb:select": _text_of("Select"),
}
_OF_ITEM: Mapping[str, LateKey] = {
    LEADING_KEYS: _leading_keys,
    "dynamodb:returnvalues": _text_of("ReturnValues"),
    **_OF_ONE,
}


def _stream_of(inputs: str | None, surroundings: Surroundings) -> Iterable[Access]:
    name = "*" if inputs is None else table_arn(inputs, surroundings.home)
    yield Access("dynamodb:ListStreams", name if inputs is None else f"{name}/stream/*")


def _iterator_stream(given: JSON) -> str:
    """Give the ARN of the stream that an iterator is of: it begins with that, before the first bar."""
    arn, _, _ = given["ShardIterator"].partition("|")
    return str(arn)


DYNAMODB: dict[str, Rule] = {
    **{name: _batch(f"dynamodb:{name}") for name in ("BatchGetItem", "BatchWriteItem")},
    **{name: _search(f"dynamodb:{name}") for name in ("Query", "Scan")},
    **{
        name: on(f"dynamodb:{name}", "TableName", table_arn, _OF_ITEM)
        for name in ("DeleteItem", "GetItem", "PutItem", "UpdateItem")
    },
    "BatchExecuteStatement": _partiql("Statements"),
    "ExecuteStatement": _partiql(),
    "ExecuteTransaction": _partiql("TransactStatements"),
    "TransactGetItems": _transaction("TransactGetItems", {"Get": "dynamodb:GetItem"}),
    "TransactWriteItems": _transaction(
        "TransactWriteItems",
        {
            "ConditionCheck": "dynamodb:ConditionCheckItem",
            "Delete": "dynamodb:DeleteItem",
            "Put": "dynamodb:PutItem",
            "Update": "dynamodb:UpdateItem",
        },
    ),
    **{
        name: on(f"dynamodb:{name}", "TableName", table_arn)
        for name in (
            *("CreateTable", "DeleteTable", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive"),
            *("UpdateTable", "UpdateTimeToLive"),
        )
    },
    **{
        name: on(f"dynamodb:{name}", "ResourceArn", as_given)
        for name in ("ListTagsOfResource", "TagResource", "UntagResource")
    },
    **{name: on_nothing(f"dynamodb:{name}") for name in ("DescribeEndpoints", "DescribeLimits", "ListTables")},
}
STREAMS: dict[str, Rule] = {
    "DescribeStream": on("dynamodb:DescribeStream", "StreamArn", as_given),
    "GetRecords": Rule(_iterator_stream, lambda arn, surroundings: (Access("dynamodb:GetRecords", arn),)),
    "GetShardIterator": on("dynamodb:GetShardIterator", "StreamArn", as_given),
    "ListStreams": Rule(lambda given: given.get("TableName"), _stream_of),
}
