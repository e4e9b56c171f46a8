"""
The operations on how functions take events.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.documents import JSON
from pizzabar.lambda_.errors import ResourceNotFoundException
from pizzabar.lambda_.event_invoke_config import DEFAULT, EventInvokeConfig, read_config
from pizzabar.lambda_.function import LATEST
from pizzabar.lambda_.functions import Functions
from pizzabar.lambda_.pages import page_of

MAX_PAGE = 50


async def put_function_event_invoke_config(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""
    arn = _qualified(functions, parameters)
    return _set(functions, arn, parameters, DEFAULT)


async def update_function_event_invoke_config(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionEventInvokeConfig.html"""
    arn = _qualified(functions, parameters)
    return _set(functions, arn, parameters, _find(functions, arn))


async def get_function_event_invoke_config(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html"""
    arn = _qualified(functions, parameters)
    return _find(functions, arn).describe(arn)


async def delete_function_event_invoke_config(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionEventInvokeConfig.html"""
    arn = _qualified(functions, parameters)
    _find(functions, arn)
    _note(functions, arn)
    del functions.event_invoke_configs[arn]
    return {}


async def list_function_event_invoke_configs(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html"""
    of_function = f"{functions.latest(str(parameters.get('FunctionName'))).arn}:"
    found = [
        config.describe(arn)
        for arn, config in sorted(functions.event_invoke_configs.items())
        if arn.startswith(of_function)
    ]
    return page_of(parameters, "FunctionEventInvokeConfigs", found, MAX_PAGE)


def _qualified(functions: Functions, parameters: JSON) -> str:
    """Give the ARN of the version that a request means. Raise ``ResourceNotFoundException``."""
    function = functions.get(str(parameters.get("FunctionName")), parameters.get("Qualifier"))
    return f"{function.arn}:{function.qualifier or LATEST}"


def _find(functions: Functions, arn: str) -> EventInvokeConfig:
    config = functions.event_invoke_configs.get(arn)
    if config is None:
        raise ResourceNotFoundException(f"The function {arn} doesn't have an EventInvokeConfig", Type="User")
    return config


def _set(functions: Functions, arn: str, parameters: JSON, before: EventInvokeConfig) -> JSON:
    config = functions.event_invoke_configs[arn] = read_config(parameters, arn, functions.now(), before)
    _note(functions, arn)
    return config.describe(arn)


def _note(functions: Functions, arn: str) -> None:
    functions.changed.note(functions.latest(arn).name)


OPERATIONS: dict[str, Callable[[Functions, JSON], Awaitable[JSON]]] = {
    "DeleteFunctionEventInvokeConfig": delete_function_event_invoke_config,
    "GetFunctionEventInvokeConfig": get_function_event_invoke_config,
    "ListFunctionEventInvokeConfigs": list_function_event_invoke_configs,
    "PutFunctionEventInvokeConfig": put_function_event_invoke_config,
    "UpdateFunctionEventInvokeConfig": update_function_event_invoke_config,
}

CHANGES = frozenset(name for name in OPERATIONS if not name.startswith(("Get", "List")))
"""The operations after which what API calls have changed is another thing."""
