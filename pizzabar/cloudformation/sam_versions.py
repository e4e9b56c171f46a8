"""
``AutoPublishAlias``: the version and the alias that SAM makes of a function or a state machine.

The logical ID of a function's version follows from what is hashed of the function, so that a change of that publishes
another version; it is SAM's own hash. Code is told by where it is, and what is in a folder is not looked at.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html
"""

import hashlib
import json
from collections.abc import Mapping

from pizzabar.cloudformation.node import Node, Special, Substituted, mapping, node_of
from pizzabar.cloudformation.sam_source import Resources, Source, get_att
from pizzabar.documents import JSON

OF_FUNCTION = (
    *("AutoPublishAlias", "AutoPublishAliasAllProperties", "AutoPublishCodeSha256", "DeploymentPreference"),
    *("ProvisionedConcurrencyConfig", "VersionDeletionPolicy", "VersionDescription"),
)
OF_STATE_MACHINE = ("AutoPublishAlias", "DeploymentPreference", "UseAliasAsEventTarget")
_HASH_LENGTH = 10


def alias_of(source: Source) -> str | None:
    """Give the logical ID of the alias that is made of a resource; None when there is to be none."""
    name = alias_name_of(source)
    return None if name is None else f"{source.logical_id}Alias{name}"


def alias_name_of(source: Source) -> str | None:
    """Give the name of the alias that is made of a resource; None when there is to be none."""
    given = source.properties.get("AutoPublishAlias")
    name = None if given is None else _plain(given, source.parameters)
    if given is None or name is None:
        return None
    if not isinstance(name, str) or not name:
        source.fault(given, "'AutoPublishAlias' must be a string or a Ref to a template parameter")
        return None
    if not name.isalnum():
        source.fault(
            given, f"Template format error: Resource name {source.logical_id}Alias{name} is non alphanumeric."
        )
        return None
    return name


# Functions.


def versions_of_function(source: Source, made: Mapping[str, JSON]) -> Resources:
    """Give the version and the alias of a function that is made with these properties."""
    given = source.properties
    name, alias_id = alias_name_of(source), alias_of(source)
    preference = _deployment_preference(source)
    if name is None or alias_id is None:
        if "AutoPublishAlias" not in given:
            if preference is not None:
                message = "'DeploymentPreference' requires AutoPublishAlias property to be specified."
                source.fault(preference, message)
            if (provisioned := given.get("ProvisionedConcurrencyConfig")) is not None:
                message = "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function"
                source.fault(provisioned, message)
        return
    version_id = f"{source.logical_id}Version{_digest(source, made)}"
    of_version: dict[str, JSON] = {"FunctionName": {"Ref": source.logical_id}}
    if "VersionDescription" in given:
        of_version["Description"] = given["VersionDescription"]
    if "RuntimeManagementConfig" in given:
        of_version["RuntimePolicy"] = given["RuntimeManagementConfig"]
    place = given["AutoPublishAlias"].place
    version = source.resource("AWS::Lambda::Version", of_version, place)
    if (policy := given.get("VersionDeletionPolicy")) is not None:
        version = _with_attribute(version, "DeletionPolicy", policy)
    yield version_id, version
    of_alias: dict[str, JSON] = {
        "Name": name,
        "FunctionName": {"Ref": source.logical_id},
        "FunctionVersion": get_att(version_id, "Version"),
    }
    if "ProvisionedConcurrencyConfig" in given:
        of_alias["ProvisionedConcurrencyConfig"] = given["ProvisionedConcurrencyConfig"]
    alias = source.resource("AWS::Lambda::Alias", of_alias, place)
    if preference is not None:
        # On AWS it names what CodeDeploy is to do.
        alias = _with_attribute(alias, "UpdatePolicy", preference)
    yield alias_id, alias
    source.generated[f"{source.logical_id}.Version"] = version_id
    source.generated[f"{source.logical_id}.Alias"] = alias_id


def _deployment_preference(source: Source) -> Node | None:
    """Give how an update is to be deployed, unless that is turned off."""
    preference = source.properties.get("DeploymentPreference")
    enabled = mapping(preference).get("Enabled")
    if preference is None or isinstance(preference.value, Special):
        return None
    is_off = enabled is not None and str(_plain(enabled, source.parameters)).lower() == "false"
    return None if is_off else preference


def _with_attribute(resource: Node, name: str, value: Node) -> Node:
    return Node({**mapping(resource), name: value}, resource.position, resource.key)


def _digest(source: Source, made: Mapping[str, JSON]) -> str:
    """Give what the logical ID of a version ends with."""
    given, parameters = source.properties, source.parameters
    digest = given.get("AutoPublishCodeSha256")
    if digest is not None and isinstance(text := _plain(digest, parameters), str) and text:
        return text[:_HASH_LENGTH]
    properties = {name: _plain(node_of(value, source.node.position), parameters) for name, value in made.items()}
    of_all = given.get("AutoPublishAliasAllProperties")
    if of_all is not None and str(_plain(of_all, parameters)).lower() == "true":
        hashed: JSON = properties
    else:
        code = properties.get("Code")
        hashed = dict(code) if isinstance(code, dict) else {"CodeUri": code}
        hashed |= properties.get("Environment") or {}
        if "MemorySize" in properties:
            hashed["MemorySize"] = properties["MemorySize"]
    text = json.dumps(hashed, separators=(",", ":"), sort_keys=True)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:_HASH_LENGTH]


def _plain(node: Node, parameters: Mapping[str, JSON]) -> JSON:
    """Give a value with the parameters that it refers to; other functions stay as they are."""
    match node.value:
        case {"Ref": Node(value=str(name)), **others} if not others and name in parameters:
            value = parameters[name]
            return None if isinstance(value, Special) else value
        case dict() as members:
            return {name: _plain(member, parameters) for name, member in members.items()}
        case list() as items:
            return [_plain(item, parameters) for item in items]
        case Special():
            return None
        case Substituted():
            raise AssertionError("a function has no definition")
        case scalar:
            return scalar


# State machines.


def versions_of_state_machine(source: Source) -> Resources:
    """Give the version and the alias of a state machine."""
    given = source.properties
    name, alias_id = alias_name_of(source), alias_of(source)
    if name is None or alias_id is None:
        for needing in ("UseAliasAsEventTarget", "DeploymentPreference"):
            if needing in given and "AutoPublishAlias" not in given and given[needing].value is not False:
                message = f"'{needing}' requires 'AutoPublishAlias' property to be specified."
                source.fault(given[needing], message)
        return
    place = given["AutoPublishAlias"].place
    version_id = f"{source.logical_id}Version"
    of_version = {
        "StateMachineArn": {"Ref": source.logical_id},
        "StateMachineRevisionId": get_att(source.logical_id, "StateMachineRevisionId"),
    }
    yield version_id, source.resource("AWS::StepFunctions::StateMachineVersion", of_version, place)
    preference: dict[str, JSON] = {**mapping(given.get("DeploymentPreference"))} or {"Type": "ALL_AT_ONCE"}
    preference["StateMachineVersionArn"] = {"Ref": version_id}
    of_alias = {"Name": name, "DeploymentPreference": preference}
    yield alias_id, source.resource("AWS::StepFunctions::StateMachineAlias", of_alias, place)


def event_target(source: Source) -> str:
    """Give the logical ID of what the events of a state machine start."""
    used = source.properties.get("UseAliasAsEventTarget")
    is_used = used is not None and str(_plain(used, source.parameters)).lower() == "true"
    return (alias_of(source) if is_used else None) or source.logical_id
