"""
The operations of STS, by AWS's names.

https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.arn import Home
from pizzabar.documents import JSON


async def get_caller_identity(home: Home, parameters: JSON) -> JSON:
    """Tell who calls: the root of the account, or of that which the access key stands for (``Account``)."""
    account = parameters.get("Account") or home.account
    return {"Arn": f"arn:aws:iam::{account}:root", "UserId": account, "Account": account}


OPERATIONS: dict[str, Callable[[Home, JSON], Awaitable[JSON]]] = {"GetCallerIdentity": get_caller_identity}
