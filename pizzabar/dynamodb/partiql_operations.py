"""
ExecuteStatement, BatchExecuteStatement and ExecuteTransaction: what PartiQL's statements do.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import product

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.dynamodb import requests
from pizzabar.dynamodb.capacity import Capacity
from pizzabar.dynamodb.conditions import And, Between, Comparison, Condition, FunctionCondition, In, Or
from pizzabar.dynamodb.document_paths import project
from pizzabar.dynamodb.errors import (
    ConditionalCheckFailedException,
    DuplicateItemException,
    ResourceNotFoundException,
    TransactionCanceledException,
)
from pizzabar.dynamodb.expression_parser import Operand, PathOperand, ValueOperand, Values
from pizzabar.dynamodb.expressions import Requirement
from pizzabar.dynamodb.items import RETURNS
from pizzabar.dynamodb.key_conditions import TURNED, KeyTest
from pizzabar.dynamodb.keys import KeyRange
from pizzabar.dynamodb.partiql import Change, Exists, Insert, Parsed, Select, parse_statement
from pizzabar.dynamodb.search import key_range, query_page, result_of, scan_page, size_read
from pizzabar.dynamodb.secondary_index import SecondaryIndex
from pizzabar.dynamodb.store import Change as StoreChange
from pizzabar.dynamodb.store import Page, Written
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.tables import Tables
from pizzabar.dynamodb.tokens import Token
from pizzabar.dynamodb.transactions import MULTIPLE
from pizzabar.dynamodb.values import AttributeValue, Item, read_item, size_of_item
from pizzabar.errors import ServiceError, ValidationException


async def execute_statement(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html"""
    parameters = requests.EXECUTE_STATEMENT.check(parameters)
    parsed = _parse(parameters)
    statement = parsed.statement
    if isinstance(statement, Select):
        return await _select(tables, statement, parsed.values, parameters)
    if isinstance(statement, Exists):
        raise ValidationException("EXISTS can only be used in a transaction")
    if "NextToken" in parameters or "Limit" in parameters:
        raise ValidationException("NextToken and Limit can only be used with SELECT statements")
    table = _table(tables, statement.table)
    written = await _write(tables, parsed, table, parameters)
    returned = _returned(statement, written)
    result = {"Items": [] if not returned else [returned]}
    capacity = Capacity(parameters)
    capacity.wrote(table, written)
    return result | capacity.of_one()


async def batch_execute_statement(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html"""
    parameters = requests.BATCH_EXECUTE_STATEMENT.check(parameters)
    parsed = [_parse(each) for each in parameters["Statements"]]
    if len({isinstance(each.statement, Select) for each in parsed}) > 1:
        raise ValidationException("Select and write statements cannot be mixed in one batch")
    responses: list[JSON] = []
    capacity = Capacity(parameters)
    for each, given in zip(parsed, parameters["Statements"], strict=True):
        name = _table_name(each)
        try:
            table = _table(tables, name)
            response: dict[str, JSON] = {"TableName": table.name}
            if isinstance(each.statement, Select):
                item = await _get(tables, each.statement, each.values, table)
                capacity.read(table, 0 if item is None else size_of_item(item), given.get("ConsistentRead"))
                if item is not None:
                    response["Item"] = item if (tree := each.statement.projection) is None else project(item, tree)
            elif isinstance(each.statement, Exists):
                raise ValidationException("EXISTS can only be used in a transaction")
            else:
                written = await _write(tables, each, table, given)
                capacity.wrote(table, written)
                if returned := _returned(each.statement, written):
                    response["Item"] = returned
            responses.append(response)
        except ServiceError as error:
            told = {"Code": _short_code(error), "Message": error.message, **error.members}
            responses.append({"Error": told, "TableName": name})
    return {"Responses": responses, **capacity.of_several()}


async def execute_transaction(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteTransaction.html"""
    parameters = requests.EXECUTE_TRANSACTION.check(parameters)
    parsed = [_parse(each) for each in parameters["TransactStatements"]]
    if len({isinstance(each.statement, Select) for each in parsed}) > 1:
        raise ValidationException("Select and write statements cannot be mixed in one transaction")
    owners = [_table(tables, _table_name(each)) for each in parsed]
    if isinstance(parsed[0].statement, Select):
        return await _get_all(tables, parsed, owners, parameters)
    changes = [
        _change(tables, each, table, given)
        for each, table, given in zip(parsed, owners, parameters["TransactStatements"], strict=True)
    ]
    _check_distinct([(change.table, change.key) for change in changes])
    token = Token.of(parameters.get("ClientRequestToken"), parameters["TransactStatements"], tables.now())
    capacity = Capacity(parameters)
    if token is not None and tables.tokens.is_repeated(token, tables.now()):
        for table in owners:
            capacity.nothing(table)
        return capacity.of_several()
    try:
        written = await tables.write(changes, token)
    except TransactionCanceledException as cancelled:
        raise _cancelled(parsed, cancelled.refusals) from None
    except ServiceError as refusal:
        # That of the only statement.
        raise _cancelled(parsed, [refusal]) from None
    responses: list[JSON] = []
    for each, table, done in zip(parsed, owners, written, strict=True):
        capacity.wrote(table, done, times=2)
        returned = None if isinstance(each.statement, Exists | Select) else _returned(each.statement, done)
        responses.append({"Item": returned} if returned else {})
    return {"Responses": responses, **capacity.of_several()}


# Reading.


async def _select(tables: Tables, select: Select, values: Values, parameters: Mapping[str, JSON]) -> dict[str, JSON]:
    table = _table(tables, select.table)
    index = None if select.index is None else table.index(select.index)
    if index is not None and index.is_global and parameters.get("ConsistentRead"):
        raise ValidationException("Consistent reads are not supported on global secondary indexes")
    partitions = _partitions(select, values, index or table)
    forward = _direction(select, index or table, partitions)
    digest = blake2b(
        documents.encode([parameters["Statement"], parameters.get("Parameters")]), digest_size=8
    ).hexdigest()
    number, start = _read_token(parameters.get("NextToken"), digest)
    left = parameters.get("Limit")
    found: list[JSON] = []
    size = 0
    capacity = Capacity(parameters)
    result: dict[str, JSON] = {"Items": found}
    while True:
        page: Page
        if partitions is None:
            page = await scan_page(tables, table, index, start=start, limit=left)
        elif number < len(partitions):
            partition, keys = partitions[number]
            page = await query_page(tables, table, index, partition, keys, start=start, forward=forward, limit=left)
        else:
            break
        told = result_of({}, table, index, page, select.condition, values, select.projection)
        found += told["Items"]
        size += size_read(table, index, page) if capacity.is_wanted else 0
        left = None if left is None else left - len(page.items)
        start = told.get("LastEvaluatedKey")
        if start is not None:
            result["NextToken"] = _write_token(digest, number, start)
            result["LastEvaluatedKey"] = start
            break
        number += 1
        if partitions is None or number == len(partitions):
            break
        if left == 0:
            result["NextToken"] = _write_token(digest, number, None)
            break
    capacity.read(table, size, parameters.get("ConsistentRead"), index=index)
    return result | capacity.of_one()


def _partitions(
    select: Select, values: Values, source: Table | SecondaryIndex
) -> list[tuple[bytes, KeyRange]] | None:
    """Give the partitions that a condition names, and what it wants of each; None if it names none."""
    wanted = _conjuncts(select.condition)
    choices = [_choices(wanted, attribute.name) for attribute in source.partitions]
    if not all(choices):
        return None
    of_sort: dict[str, KeyTest] = {}
    for attribute in source.sorts:
        test = next(filter(None, [_test(each, attribute.name) for each in wanted]), None)
        if test is None:
            break
        of_sort[attribute.name] = test
        if test.operator != "=":
            break
    found = []
    for chosen in product(*choices):
        of_partition = {
            attribute.name: KeyTest("=", (choice,))
            for attribute, choice in zip(source.partitions, chosen, strict=True)
        }
        found.append(key_range(source, of_partition | of_sort, values))
    # A value that is named twice is read once.
    return list(dict.fromkeys(found))


def _choices(wanted: list[Condition], attribute: str) -> list[str]:
    """Give the values, by their placeholders, of which a condition wants an attribute to be one."""
    for each in wanted:
        match each:
            case Comparison("=", PathOperand((name,)), ValueOperand(value)) if name == attribute:
                return [value]
            case Comparison("=", ValueOperand(value), PathOperand((name,))) if name == attribute:
                return [value]
            case In(PathOperand((name,)), operands) if name == attribute:
                placeholders = [operand.placeholder for operand in operands if isinstance(operand, ValueOperand)]
                if len(placeholders) == len(operands):
                    return placeholders
    return []


def _test(condition: Condition, attribute: str) -> KeyTest | None:
    """Give what a condition wants of an attribute, if a range of keys can say it."""
    match condition:
        case Comparison(operator, PathOperand((name,)), ValueOperand(value)) if operator in TURNED:
            return KeyTest(operator, (value,)) if name == attribute else None
        case Comparison(operator, ValueOperand(value), PathOperand((name,))) if operator in TURNED:
            return KeyTest(TURNED[operator], (value,)) if name == attribute else None
        case Between(PathOperand((name,)), ValueOperand(lower), ValueOperand(upper)) if name == attribute:
            return KeyTest("BETWEEN", (lower, upper))
        case FunctionCondition("begins_with", (PathOperand((name,)), ValueOperand(prefix))) if name == attribute:
            return KeyTest("begins_with", (prefix,))
    return None


def _direction(select: Select, source: Table | SecondaryIndex, partitions: Sequence[object] | None) -> bool:
    """Tell whether a partition is to be read forward. Raise ``ValidationException`` for another order."""
    if not select.order:
        return True
    if partitions is None:
        raise ValidationException(
            "Must have WHERE clause in the statement when using ORDER BY clause."
            if select.condition is None
            else "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    forward = True
    for name, is_forward in select.order:
        if source.sorts and name == source.sorts[0].name:
            forward = is_forward
        elif name not in {attribute.name for attribute in source.key_attributes}:
            raise ValidationException(f"Variable reference {name} in ORDER BY clause must be part of the primary key")
    return forward


async def _get(tables: Tables, select: Select, values: Values, table: Table) -> Item | None:
    """Read the one item that a statement names by its whole key."""
    if select.index is not None:
        raise ValidationException("Select statements within BatchExecuteStatement must specify the primary key")
    key, rest = _key(table, select.condition, values)
    item = await tables.get(table, table.key_of(key))
    return item if item is None or rest is None or rest.holds(item, values) else None


async def _get_all(
    tables: Tables, parsed: list[Parsed], owners: list[Table], parameters: Mapping[str, JSON]
) -> dict[str, JSON]:
    """Read the items of a transaction."""
    selects = [each.statement for each in parsed if isinstance(each.statement, Select)]
    keys = [
        (table.name, table.key_of(_key(table, select.condition, each.values)[0]))
        for select, each, table in zip(selects, parsed, owners, strict=True)
    ]
    _check_distinct(keys)
    responses: list[JSON] = []
    capacity = Capacity(parameters)
    for select, each, table in zip(selects, parsed, owners, strict=True):
        item = await _get(tables, select, each.values, table)
        capacity.read(table, 0 if item is None else size_of_item(item), True, times=2)
        if item is None:
            responses.append({})
        else:
            responses.append({"Item": item if select.projection is None else project(item, select.projection)})
    return {"Responses": responses, **capacity.of_several()}


# Writing.


async def _write(tables: Tables, parsed: Parsed, table: Table, given: Mapping[str, JSON]) -> Written:
    change = _change(tables, parsed, table, given)
    try:
        [written] = await tables.write([change])
    except ConditionalCheckFailedException:
        if isinstance(parsed.statement, Insert):
            raise DuplicateItemException from None
        raise
    return written


def _change(tables: Tables, parsed: Parsed, table: Table, given: Mapping[str, JSON]) -> StoreChange:
    """Give the change that a statement asks for. Raise ``ValidationException``."""
    statement, values = parsed.statement, parsed.values
    tells = given.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    partition = PathOperand((table.partition.name,))
    is_there: Condition = FunctionCondition("attribute_exists", (partition,))
    is_missing: Condition = FunctionCondition("attribute_not_exists", (partition,))
    match statement:
        case Insert(_, value):
            if "M" not in value:
                raise ValidationException("Statement wasn't well formed, can't be processed: VALUE takes an item")
            item, size = read_item(value["M"])
            return tables.put_change(table, item, size, requirement=Requirement(is_missing, values), reads=True)
        case Change(_, update, condition) if update is not None:
            key, rest = _key(table, condition, values)
            wanted = is_there if rest is None else And((is_there, rest))
            return tables.update_change(table, key, update, values, requirement=Requirement(wanted, values, tells))
        case Change(_, None, condition):
            key, rest = _key(table, condition, values)
            requirement = None if rest is None else Requirement(Or((is_missing, rest)), values, tells)
            return tables.delete_change(table, table.key_of(key), requirement=requirement, reads=True)
        case Exists(select):
            key, rest = _key(table, select.condition, values)
            if rest is None:
                raise ValidationException("EXISTS needs a condition beside the primary key")
            return tables.check_change(table, table.key_of(key), Requirement(And((is_there, rest)), values, tells))
        case _:
            raise AssertionError(statement)


def _returned(statement: Insert | Change | Select | Exists, written: Written) -> Item | None:
    if not isinstance(statement, Change) or statement.returns == "NONE":
        return None
    paths = {} if statement.update is None else statement.update.paths
    returned: Item | None = RETURNS[statement.returns](written, paths)
    return returned


def _key(table: Table, condition: Condition | None, values: Values) -> tuple[Item, Condition | None]:
    """Give the key that a condition names wholly, and what else it wants. Raise ``ValidationException``."""
    names = {attribute.name for attribute in table.key_attributes}
    key: Item = {}
    rest: list[Condition] = []
    for each in _conjuncts(condition):
        equal = _equality(each, values)
        if equal is not None and equal[0] in names and equal[0] not in key:
            key[equal[0]] = equal[1]
        else:
            rest.append(each)
    if key.keys() != names:
        raise ValidationException("Where clause does not contain a mandatory equality on all key attributes")
    return key, None if not rest else rest[0] if len(rest) == 1 else And(tuple(rest))


def _equality(condition: Condition, values: Values) -> tuple[str, AttributeValue] | None:
    operands: tuple[Operand, Operand]
    match condition:
        case Comparison("=", left, right):
            operands = (left, right)
        case _:
            return None
    match operands:
        case (PathOperand((name,)), ValueOperand(value)) | (ValueOperand(value), PathOperand((name,))):
            return str(name), values[value]
    return None


def _conjuncts(condition: Condition | None) -> list[Condition]:
    if condition is None:
        return []
    if isinstance(condition, And):
        return [inner for outer in condition.conditions for inner in _conjuncts(outer)]
    return [condition]


# What the operations have in common.


def _parse(given: Mapping[str, JSON]) -> Parsed:
    return (
        _parse_text(given["Statement"])
        if not given.get("Parameters")
        else parse_statement(given["Statement"], given["Parameters"])
    )


_parse_text = lru_cache(maxsize=512)(parse_statement)


def _table_name(parsed: Parsed) -> str:
    statement = parsed.statement
    return statement.select.table if isinstance(statement, Exists) else statement.table


def _table(tables: Tables, name: str) -> Table:
    try:
        return tables.table(name)
    except ResourceNotFoundException:
        raise ResourceNotFoundException("Requested resource not found") from None


def _check_distinct(keys: Sequence[object]) -> None:
    if len(set(keys)) < len(keys):
        raise ValidationException(MULTIPLE)


def _cancelled(parsed: list[Parsed], refusals: Sequence[ServiceError | None]) -> TransactionCanceledException:
    """Tell what refused a transaction: an INSERT is refused by what has its key."""
    return TransactionCanceledException(
        [
            DuplicateItemException()
            if isinstance(each.statement, Insert) and isinstance(refusal, ConditionalCheckFailedException)
            else refusal
            for each, refusal in zip(parsed, refusals, strict=True)
        ]
    )


def _short_code(error: ServiceError) -> str:
    """Write the code of an error as batches do.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
    """
    return "ValidationError" if isinstance(error, ValidationException) else error.code.removesuffix("Exception")


def _write_token(digest: str, number: int, start: Item | None) -> str:
    return base64.b64encode(documents.encode([digest, number, start])).decode()


def _read_token(token: str | None, digest: str) -> tuple[int, Item | None]:
    if token is None:
        return 0, None
    try:
        of, number, start = documents.parse(base64.b64decode(token, validate=True))
        if of != digest or type(number) is not int or number < 0:
            raise ValueError
        return number, None if start is None else read_item(start)[0]
    except (binascii.Error, NotJSON, TypeError, ValueError, AttributeError, ServiceError):
        raise ValidationException("Invalid NextToken") from None


OPERATIONS: dict[str, Callable[[Tables, JSON], Awaitable[JSON]]] = {
    "BatchExecuteStatement": batch_execute_statement,
    "ExecuteStatement": execute_statement,
    "ExecuteTransaction": execute_transaction,
}
"""The operations of this language by name."""
