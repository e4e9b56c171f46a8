"""
TransactGetItems and TransactWriteItems: many items at once, all of them or none.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from collections.abc import Mapping

from pizzabar.documents import JSON
from pizzabar.dynamodb import requests
from pizzabar.dynamodb.capacity import Capacity
from pizzabar.dynamodb.document_paths import project
from pizzabar.dynamodb.errors import TransactionCanceledException
from pizzabar.dynamodb.expressions import Expressions, Requirement
from pizzabar.dynamodb.item_collections import collections_of
from pizzabar.dynamodb.store import Change
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.tables import Tables
from pizzabar.dynamodb.tokens import Token
from pizzabar.dynamodb.values import ONE_OR_MORE, read_item, size_of_item
from pizzabar.errors import ServiceError, ValidationException

MAX_SIZE = 4 * 1024 * 1024
ACTIONS = ("ConditionCheck", "Put", "Delete", "Update")
MULTIPLE = "Transaction request cannot include multiple operations on one item"
TOO_LARGE = "The aggregate size of the items in the transaction cannot exceed 4 MB"
"""The words are those of AWS's reference; that it is no cancellation is our choice where AWS does not say."""


async def transact_get_items(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html"""
    parameters = requests.TRANSACT_GET_ITEMS.check(parameters)
    asked = []
    for number, action in enumerate(parameters["TransactItems"], 1):
        get = action.get("Get")
        if get is None:
            raise _null(f"transactItems.{number}.member.get")
        get = requests.TRANSACTION_GET.check(get)
        expressions = Expressions(get, ("ProjectionExpression",))
        projection = expressions.projection()
        expressions.finish()
        asked.append((get["TableName"], read_item(get["Key"])[0], projection))
    keyed = []
    for name, key, projection in asked:
        table = tables.table(name)
        keyed.append((table, table.key_of(key), projection))
    if len({(table.name, key) for table, key, _ in keyed}) < len(keyed):
        raise ValidationException(MULTIPLE)
    responses: list[JSON] = []
    capacity = Capacity(parameters)
    whole = 0
    for table, encoded, projection in keyed:
        item = await tables.get(table, encoded)
        size = 0 if item is None else size_of_item(item)
        whole += size
        if whole > MAX_SIZE:
            raise ValidationException(TOO_LARGE)
        capacity.read(table, size, True, times=2)
        if item is None:
            responses.append({})
        else:
            responses.append({"Item": item if projection is None else project(item, projection)})
    return {"Responses": responses, **capacity.of_several()}


async def transact_write_items(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
    parameters = requests.TRANSACT_WRITE_ITEMS.check(parameters)
    actions = [_read_action(number, action) for number, action in enumerate(parameters["TransactItems"], 1)]
    prepared = [_prepare(kind, action) for kind, action in actions]
    if sum(each.size for each in prepared) > MAX_SIZE:
        raise ValidationException(TOO_LARGE)
    changes: list[Change] = []
    owners: list[Table] = []
    for (_, action), prepare in zip(actions, prepared, strict=True):
        table = tables.table(action["TableName"])
        owners.append(table)
        changes.append(prepare(tables, table))
    if len({(change.table, change.key) for change in changes}) < len(changes):
        raise ValidationException(MULTIPLE)
    token = Token.of(parameters.get("ClientRequestToken"), parameters["TransactItems"], tables.now())
    capacity = Capacity(parameters)
    if token is not None and tables.tokens.is_repeated(token, tables.now()):
        for table in owners:
            capacity.nothing(table)
        return capacity.of_several()
    try:
        written = await tables.write(changes, token)
    except TransactionCanceledException:
        raise
    except ServiceError as refusal:
        # That of the only action.
        raise TransactionCanceledException([refusal]) from None
    for table, each in zip(owners, written, strict=True):
        capacity.wrote(table, each, times=2)
    items = [
        (table, action.get("Item") or action["Key"])
        for table, (kind, action) in zip(owners, actions, strict=True)
        if kind != "ConditionCheck"
    ]
    return {**capacity.of_several(), **collections_of(parameters, items)}


def _read_action(number: int, action: JSON) -> tuple[str, Mapping[str, JSON]]:
    kinds = [name for name in ACTIONS if action.get(name) is not None]
    if len(kinds) != 1:
        raise ValidationException(
            "TransactItems can only contain one of Check, Put, Update or Delete"
            if kinds
            else f"{ONE_OR_MORE}The TransactItems member {number} has no action"
        )
    [kind] = kinds
    return kind, requests.TRANSACTION_WRITES[kind].check(action[kind])


def _prepare(kind: str, action: Mapping[str, JSON]) -> "_Prepared":
    expressions = Expressions(
        action, ("UpdateExpression", "ConditionExpression") if kind == "Update" else ("ConditionExpression",)
    )
    update = expressions.update() if kind == "Update" else None
    requirement: Requirement | None = expressions.requirement()
    expressions.finish()
    item, size = read_item(action["Item" if kind == "Put" else "Key"])
    return _Prepared(kind, item, size, update, expressions.values, requirement)


class _Prepared:
    """An action whose expressions are read, before its table is known to be there."""

    def __init__(self, kind: str, item: JSON, size: int, update: JSON, values: JSON, requirement: JSON) -> None:
        self._kind = kind
        self._item = item
        self.size = size
        """Of what is put, or of the key."""
        self._update = update
        self._values = values
        self._requirement: Requirement | None = requirement

    def __call__(self, tables: Tables, table: Table) -> Change:
        """Give the change of the table's item. Raise ``ValidationException``."""
        requirement = self._requirement
        match self._kind:
            case "Put":
                return tables.put_change(table, self._item, self.size, requirement=requirement, reads=True)
            case "Delete":
                return tables.delete_change(table, table.key_of(self._item), requirement=requirement, reads=True)
            case "Update":
                return tables.update_change(table, self._item, self._update, self._values, requirement=requirement)
            case _:
                assert requirement is not None
                return tables.check_change(table, table.key_of(self._item), requirement)


def _null(path: str) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
    )
