"""
The operations of STS, by AWS's names.

https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.journal import CAUSE, Hop
from pizzabar.principal import unique_id


async def get_caller_identity(home: Home, parameters: JSON) -> JSON:
    """Tell who calls: the session of a role, or else the root of the account.

    The account may be that which the access key stands for (``Account``).
    """
    hop = CAUSE.get()
    principal = hop.asked_by if isinstance(hop, Hop) else None
    if principal is not None and principal.role_arn is not None:
        user = f"{unique_id('AROA', principal.role_arn)}:{principal.session}"
        return {"Arn": principal.text, "UserId": user, "Account": home.account}
    account = parameters.get("Account") or home.account
    return {"Arn": f"arn:aws:iam::{account}:root", "UserId": account, "Account": account}


OPERATIONS: dict[str, Callable[[Home, JSON], Awaitable[JSON]]] = {"GetCallerIdentity": get_caller_identity}
