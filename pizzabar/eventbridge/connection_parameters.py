"""
The parameters of connections, and what is wrong in them.

Pure. What is secret is not repeated in what is told.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateConnection.html
"""

from collections.abc import Iterator, Mapping

from pizzabar.constraints import Constraint, missing, violations
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.parameters import CONSTRAINTS, member_name, refuse
from pizzabar.record import record

REDACTED = "*** Sensitive Data Redacted ***"
MAX_PARAMETERS = 100

_TEXT = Constraint(
    str,
    1,
    512,
    pattern=r"\t*[^\x00-\x1F:\x7F][^\x00-\x08\x0A-\x1F:\x7F]*",
    told=r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$",
)
HEADER = Constraint(str, most=512, pattern=r"^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$")
HEADER_VALUE = Constraint(
    str,
    most=512,
    pattern=r"\t*[\x20-\x7E][\x20-\x7E\t]*",
    told=r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$",
)
QUERY = Constraint(str, most=512, pattern=r"[^\x00-\x1F\x7F]+")
QUERY_VALUE = Constraint(str, most=512, pattern=r"[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+")
_BODY = Constraint(str)


@record
class Structure:
    """What the members of a structure may be."""

    members: Mapping[str, "Shape"]
    required: tuple[str, ...] = ()


@record
class Several:
    """A list of structures."""

    member: Structure


@record
class Secret:
    """A text that is not repeated."""

    constraint: Constraint


Shape = Constraint | Structure | Several | Secret


def _pairs(key: Constraint, value: Constraint) -> Several:
    return Several(Structure({"Key": key, "Value": Secret(value)}))


_HTTP_PARAMETERS = Structure(
    {
        "HeaderParameters": _pairs(HEADER, HEADER_VALUE),
        "QueryStringParameters": _pairs(QUERY, QUERY_VALUE),
        "BodyParameters": _pairs(_BODY, _BODY),
    }
)
_CLIENT = Structure({"ClientID": _TEXT, "ClientSecret": Secret(_TEXT)}, ("ClientID", "ClientSecret"))
AUTH_PARAMETERS = Structure(
    {
        "BasicAuthParameters": Structure({"Username": _TEXT, "Password": Secret(_TEXT)}, ("Username", "Password")),
        "OAuthParameters": Structure(
            {
                "ClientParameters": _CLIENT,
                "AuthorizationEndpoint": CONSTRAINTS["InvocationEndpoint"],
                "HttpMethod": Constraint(str, choices=("GET", "POST", "PUT")),
                "OAuthHttpParameters": _HTTP_PARAMETERS,
            },
            ("ClientParameters", "AuthorizationEndpoint", "HttpMethod"),
        ),
        "ApiKeyAuthParameters": Structure(
            {"ApiKeyName": _TEXT, "ApiKeyValue": Secret(_TEXT)}, ("ApiKeyName", "ApiKeyValue")
        ),
        "InvocationHttpParameters": _HTTP_PARAMETERS,
    }
)

_ALSO = frozenset({"ConnectivityParameters", "IsValueSecret"})
"""Members that are looked at elsewhere."""

OF_TYPE = {
    "BASIC": "BasicAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
}
"""The parameters that each type of authorization wants."""


def check_auth_parameters(given: JSON, *, in_full: bool) -> None:
    """See that authorization parameters, all of them or some, are what they may be. Raise ``ValidationException``."""
    refuse_connectivity(given)
    refuse(_faults(given, AUTH_PARAMETERS, "authParameters", in_full=in_full))


def check_authorization(authorization_type: str, given: JSON) -> None:
    """See that the parameters are those of the type of authorization. Raise ``ValidationException``.

    That AWS refuses others is documented, in what words is not.
    """
    wanted = OF_TYPE[authorization_type]
    if given.get(wanted) is None:
        raise ValidationException(f"{wanted} must be specified for the authorization type {authorization_type}.")
    for name in OF_TYPE.values():
        if name != wanted and given.get(name) is not None:
            raise ValidationException(f"{name} is not for the authorization type {authorization_type}.")


def refuse_connectivity(given: JSON) -> None:
    """Refuse private endpoints by name: there is no VPC Lattice here. Raise ``ValidationException``."""
    if given.get("ConnectivityParameters") is not None:
        raise ValidationException("ConnectivityParameters is not supported")


def _faults(value: JSON, wanted: Shape, at: str, *, in_full: bool) -> Iterator[str]:
    match wanted:
        case Structure():
            for name in wanted.required if in_full else ():
                if value.get(name) is None:
                    yield missing(f"{at}.{member_name(name)}")
            for name in sorted(value.keys() - wanted.members.keys() - _ALSO):
                yield f"{at}.{member_name(name)} is not supported"
            for name, shape in wanted.members.items():
                if value.get(name) is not None:
                    yield from _faults(value[name], shape, f"{at}.{member_name(name)}", in_full=in_full)
        case Several():
            if len(value) > MAX_PARAMETERS:
                yield (
                    f"Value '{REDACTED}' at '{at}' failed to satisfy constraint:"
                    f" Member must have length less than or equal to {MAX_PARAMETERS}"
                )
            for number, each in enumerate(value, 1):
                yield from _faults(each, wanted.member, f"{at}.{number}.member", in_full=in_full)
        case Secret():
            found = violations(at, value, wanted.constraint)
            yield from (each.replace(f"Value '{value}'", f"Value '{REDACTED}'", 1) for each in found)
        case Constraint():
            yield from violations(at, value, wanted)
