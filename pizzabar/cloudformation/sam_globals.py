"""
Globals: properties that the resources of one SAM type have in common.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
"""

from collections.abc import Mapping

from pizzabar.cloudformation.intrinsics import is_function
from pizzabar.cloudformation.node import Node, Report, Special, did_you_mean, mapping

GLOBALS: dict[str, frozenset[str]] = {
    "Function": frozenset(
        {
            *("Architectures", "AssumeRolePolicyDocument", "AutoPublishAlias", "CodeUri", "DeadLetterQueue"),
            *("DeploymentPreference", "Description", "Environment", "EphemeralStorage", "EventInvokeConfig"),
            *("FileSystemConfigs", "FunctionUrlConfig", "Handler", "KmsKeyArn", "Layers", "LoggingConfig"),
            *("MemorySize", "PermissionsBoundary", "ProvisionedConcurrencyConfig", "RecursiveLoop"),
            *("ReservedConcurrentExecutions", "RolePath", "Role", "Runtime", "RuntimeManagementConfig"),
            *("SnapStart", "Tags", "Timeout", "Tracing", "VpcConfig", "Policies", "ImageConfig", "PackageType"),
            *("AutoPublishAliasAllProperties", "CapacityProviderConfig", "CodeSigningConfigArn", "DurableConfig"),
            *("FunctionScalingConfig", "PropagateTags", "PublishToLatestPublished", "SourceKMSKeyArn"),
            *("TenancyConfig", "VersionDeletionPolicy"),
        }
    ),
    "SimpleTable": frozenset({"SSESpecification"}),
    "StateMachine": frozenset({"PropagateTags"}),
    "Api": frozenset(),
    "HttpApi": frozenset(),
    "LayerVersion": frozenset(),
    "CapacityProvider": frozenset(),
    "WebSocketApi": frozenset(
        {
            *("AccessLogSettings", "ApiKeySelectionExpression", "DefaultRouteSettings"),
            *("DisableExecuteApiEndpoint", "DisableSchemaValidation", "Domain", "IpAddressType", "PropagateTags"),
            *("RouteSelectionExpression", "RouteSettings", "StageVariables", "Tags"),
        }
    ),
}
"""Properties that have a place in Globals, by type; a type without any is not supported here."""


def read_globals(section: Node | None, report: Report, unknown_property: Report) -> dict[str, Node]:
    """Give the common properties by SAM type: ``Function`` for ``AWS::Serverless::Function``."""
    if section is not None and not isinstance(section.value, dict):
        if not isinstance(section.value, Special):
            report(section.place, "'Globals' section is invalid. It must be a non-empty dictionary")
        return {}
    for name, node in mapping(section).items():
        if name not in GLOBALS:
            report(
                node.place,
                f"'Globals' section is invalid. '{name}' is not supported. Must be one of the following values - "
                f"[{', '.join(map(repr, GLOBALS))}]{did_you_mean(name, GLOBALS)}",
            )
            continue
        if not isinstance(node.value, dict):
            if not isinstance(node.value, Special):
                report(node.place, f"'Globals' section is invalid. Value of {name} must be a dictionary")
            continue
        if not GLOBALS[name]:
            unknown_property(node.place, f"Globals: {name} is not supported")
            continue
        for property, value in node.value.items():
            if property not in GLOBALS[name]:
                report(
                    value.place,
                    f"'Globals' section is invalid. '{property}' is not a supported property of '{name}'"
                    f"{did_you_mean(property, GLOBALS[name])}",
                )
    return {name: node for name, node in mapping(section).items() if isinstance(node.value, dict)}


KEPT_APART = frozenset({"Architectures"})
"""Properties of which what is given stands alone."""


def without_ignored(default: Node, resource: Node, logical_id: str, report: Report) -> Node:
    """Leave out the common properties that a resource's ``IgnoreGlobals`` names, or all of them for ``*``.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
    """
    ignored = mapping(resource).get("IgnoreGlobals")
    if ignored is None or isinstance(ignored.value, Special):
        return default
    if ignored.value == "*":
        return Node({}, default.position, default.key)
    if not isinstance(ignored.value, list):
        report(ignored.place, f"{logical_id}: IgnoreGlobals is '*' or a list of properties")
        return default
    names = {name.value for name in ignored.value if isinstance(name.value, str)}
    kept = {name: member for name, member in mapping(default).items() if name not in names}
    return Node(kept, default.position, default.key)


def merge(default: Node, given: Node, apart: frozenset[str] = frozenset()) -> Node:
    """Merge as SAM does: objects by their names, lists one after the other, else what is given wins."""
    match default.value, given.value:
        case dict() as first, dict() as second if not (is_intrinsic(first) or is_intrinsic(second)):
            merged = dict(first)
            for name, member in second.items():
                merged[name] = merge(first[name], member) if name in first and name not in apart else member
            return Node(merged, given.position, given.key)
        case list() as first, list() as second:
            return Node([*first, *second], given.position, given.key)
        case _:
            return given


def is_intrinsic(value: Mapping[str, Node]) -> bool:
    """Whether an object is a function, which merges with nothing."""
    return len(value) == 1 and all(is_function(name) or name == "Condition" for name in value)
