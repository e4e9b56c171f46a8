"""
The condition keys of a request.

Most are known when it is asked; some are made of its parameters, or of the time, when a policy asks for them. What a
policy asks for and nobody here can tell (the organization, say) is noted: a request that is not allowed for want of
it is not refused.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from pizzabar.arn import Home
from pizzabar.iam.roles import Role
from pizzabar.principal import Principal

Late = Callable[[], tuple[str, ...] | None]

ABSENT = frozenset(
    {
        *("aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:federatedprovider"),
        *("aws:multifactorauthage", "aws:multifactorauthpresent", "aws:principalservicename", "aws:sourceaccount"),
        *("aws:sourcearn", "aws:sourceidentity", "aws:sourcevpc", "aws:sourcevpce", "aws:username"),
        *("lambda:eventsourcetoken", "lambda:functionurlauthtype", "lambda:invokedviafunctionurl"),
        "states:statemachinequalifier",
    }
)
"""Keys that requests do not have unless something sets them."""


class RequestKeys:
    """The keys of one request, and what was asked of them."""

    __slots__ = ("_known", "_late", "is_fixed", "unknown")

    def __init__(self, known: Mapping[str, tuple[str, ...]], late: Mapping[str, Late]) -> None:
        self._known = known
        self._late = late
        self.is_fixed = True
        """Whether nothing was asked for that may be different for another request of the same inputs."""
        self.unknown: list[str] = []
        """What was asked for and nobody can tell."""

    def get(self, name: str) -> tuple[str, ...] | None:
        """Give the values of a key; None when the request does not have it."""
        lower = name.lower()
        values = self._known.get(lower)
        if values is not None:
            return values
        late = self._late.get(lower)
        if late is not None:
            self.is_fixed = False
            return late()
        if lower not in ABSENT and not lower.startswith("aws:principaltag/"):
            self.unknown.append(name)
        return None


def principal_keys(principal: Principal, role: Role | None, home: Home) -> dict[str, tuple[str, ...]]:
    """Give the keys that tell who asks, and where."""
    keys: dict[str, tuple[str, ...]] = {
        "aws:requestedregion": (home.region,),
        "aws:resourceaccount": (home.account,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
    }
    if principal.role_arn is None:
        keys |= {
            "aws:principalisawsservice": ("true",),
            "aws:principalservicename": (principal.service,),
            "aws:principaltype": ("Service",),
            "aws:sourceaccount": (home.account,),
            "aws:sourcearn": (principal.source_arn,),
        }
        return keys
    keys |= {
        "aws:principalaccount": (home.account,),
        "aws:principalarn": (principal.role_arn,),
        "aws:principalisawsservice": ("false",),
        "aws:principaltype": ("AssumedRole",),
    }
    if role is not None:
        keys["aws:userid"] = (f"{role.id}:{principal.session}",)
        keys |= {f"aws:principaltag/{name.lower()}": (value,) for name, value in role.tags.items()}
    return keys


def time_keys(now: Callable[[], datetime]) -> dict[str, Late]:
    """Give the keys that tell the time."""
    return {
        "aws:currenttime": lambda: (now().isoformat(),),
        "aws:epochtime": lambda: (str(now().timestamp()),),
    }
