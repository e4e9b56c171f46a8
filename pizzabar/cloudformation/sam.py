"""
SAM: what AWS::Serverless types stand for in types of CloudFormation.

Pure but for ``read_file``. A resource that is generated stands where the thing stands that it comes from.

- What a function or a state machine is allowed to do goes into a role of its own, ``<LogicalId>Role``, unless the
  template names one.
- Code stays a path, as the ``package`` command of the AWS CLI takes it: the template's own folder where none is
  named. A definition's file is read.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from collections.abc import Callable, Mapping

from pizzabar.cloudformation import sam_versions, sam_websocket_api
from pizzabar.cloudformation.definitions import STATE_MACHINE, read_definition
from pizzabar.cloudformation.node import (
    Node,
    Report,
    Special,
    Substituted,
    did_you_mean,
    mapping,
    node_of,
)
from pizzabar.cloudformation.sam_event_invoke_config import LATEST, event_invoke_config, letting_function
from pizzabar.cloudformation.sam_events import events_of, is_queue, is_schedule, is_stream, mapping_of, rule_of
from pizzabar.cloudformation.sam_globals import KEPT_APART, is_intrinsic, merge, read_globals, without_ignored
from pizzabar.cloudformation.sam_permissions import BASIC, attached, permissions
from pizzabar.cloudformation.sam_policies import check_policies
from pizzabar.cloudformation.sam_references import Generated, renamed
from pizzabar.cloudformation.sam_schedules import schedule_of
from pizzabar.cloudformation.sam_source import Resources, Source, get_att, tags_of, trust
from pizzabar.cloudformation.sam_versions import (
    alias_name_of,
    alias_of,
    event_target,
    versions_of_function,
    versions_of_state_machine,
)
from pizzabar.documents import JSON
from pizzabar.record import record

TRANSFORM = "AWS::Serverless-2016-10-31"


def expand(
    resources: Mapping[str, Node],
    globals: Node | None,
    read_file: Callable[[str], str],
    report: Report,
    unsupported: Report,
    parameters: Mapping[str, JSON],
) -> tuple[dict[str, Node], Generated]:
    """Give the resources of a template with those of SAM types replaced by what they stand for.

    Beside them stands what others may refer to by a property of a resource: see ``sam_references``. What pizzabar
    does not know is told to ``unsupported``, everything else that is wrong to ``report``.
    """
    defaults = read_globals(globals, report, unsupported)
    expanded: dict[str, Node] = {}
    generated: list[tuple[str, Node]] = []
    references: dict[str, str] = {}
    for logical_id, node in resources.items():
        type = mapping(node).get("Type")
        name = type.value if type is not None and isinstance(type.value, str) else ""
        properties = mapping(node).get("Properties", Node({}, node.position))
        if name not in RULES or not isinstance(properties.value, dict):
            expanded[logical_id] = node
            continue
        _check_names(logical_id, name, properties.value, unsupported)
        if (default := defaults.get(name.rpartition("::")[2])) is not None:
            properties = merge(without_ignored(default, node, logical_id, report), properties, KEPT_APART)
        source = Source(logical_id, node, mapping(properties), read_file, report, unsupported, parameters, references)
        check_policies(source)
        for made_id, made in RULES[name].expand(source):
            if made_id == logical_id:
                expanded[made_id] = made
            else:
                generated.append((made_id, made))
    for made_id, made in generated:
        if made_id in expanded:
            report(made.place, f"{made_id}: SAM makes a resource of this name, and the template has another")
        expanded.setdefault(made_id, made)
    if references:
        expanded = {made_id: renamed(made, references) for made_id, made in expanded.items()}
    return expanded, references


def _check_names(logical_id: str, type: str, properties: Mapping[str, Node], unsupported: Report) -> None:
    rule = RULES[type]
    for name, node in properties.items():
        if name in rule.unsupported:
            unsupported(node.place, f"{logical_id}: property {name} of {type} is not supported")
        elif name not in rule.properties:
            hint = did_you_mean(name, rule.properties)
            unsupported(node.place, f"{logical_id}: property {name} not defined for resource of type {type}{hint}")


# Functions --------------------------------------------------------------------------------------------------


def _function(source: Source) -> Resources:
    given = source.properties
    made: dict[str, JSON] = {name: given[name] for name in _SAME_OF_FUNCTION if name in given}
    made["Code"] = _code(source)
    if (queue := given.get("DeadLetterQueue")) is not None:
        target = mapping(queue).get("TargetArn")
        if target is None:
            source.fault(queue, "'DeadLetterQueue' requires Type and TargetArn properties to be specified.")
        else:
            made["DeadLetterConfig"] = node_of({"TargetArn": target}, queue.place)
    if (tracing := given.get("Tracing")) is not None:
        made["TracingConfig"] = {"Mode": tracing}
    if (tags := given.get("Tags")) is not None:
        made["Tags"] = tags_of(tags)
    if (role := given.get("Role")) is not None:
        made["Role"] = role
    else:
        made["Role"] = get_att(f"{source.logical_id}Role", "Arn")
        yield _role(source, "lambda.amazonaws.com", BASIC)
    yield source.main("AWS::Lambda::Function", made)
    yield from versions_of_function(source, made)
    alias = alias_of(source)
    yield from event_invoke_config(source, alias_name_of(source) or LATEST)
    for event_id, event in events_of(source, of_function=True):
        yield from _function_event(source, event_id, event, alias)


_SAME_OF_FUNCTION = (
    *("Architectures", "CodeSigningConfigArn", "Description", "Environment", "EphemeralStorage"),
    *(
        "FileSystemConfigs",
        "FunctionName",
        "Handler",
        "ImageConfig",
        "KmsKeyArn",
        "Layers",
        "LoggingConfig",
    ),
    *("MemorySize", "PackageType", "RecursiveLoop", "ReservedConcurrentExecutions", "Runtime"),
    *("RuntimeManagementConfig", "SnapStart", "Timeout", "VpcConfig"),
)


def _code(source: Source) -> JSON:
    given = source.properties
    if (inline := given.get("InlineCode")) is not None:
        return node_of({"ZipFile": inline}, inline.place)
    if (image := given.get("ImageUri")) is not None:
        return node_of({"ImageUri": image}, image.place)
    return _location(given.get("CodeUri"))


def _location(code: Node | None) -> JSON:
    """Write where code is as Lambda names it."""
    if code is None:
        return "."
    bucket = {"Bucket": "S3Bucket", "Key": "S3Key", "Version": "S3ObjectVersion"}
    if isinstance(code.value, dict) and not is_intrinsic(code.value):
        members = {bucket.get(name, name): member for name, member in code.value.items()}
        return Node(members, code.position, code.key)
    return code


def _function_event(source: Source, event_id: str, event: Node, alias: str | None) -> Resources:
    """Give what brings an event to the function, or to its alias if it has one."""
    rule_id = f"{source.logical_id}{event_id}"
    name = {"Ref": alias or source.logical_id}
    arn = get_att(source.logical_id, "Arn") if alias is None else {"Ref": alias}
    if is_stream(event) or is_queue(event):
        yield rule_id, mapping_of(source, event, name)
        return
    if is_schedule(event):
        yield from schedule_of(source, rule_id, event, arn, "lambda:InvokeFunction")
        return
    target: dict[str, JSON] = {"Arn": arn}
    yield from rule_of(source, rule_id, event, target, f"{rule_id}LambdaTarget")
    permission = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": name,
        "Principal": "events.amazonaws.com",
        "SourceArn": get_att(rule_id, "Arn"),
    }
    yield f"{rule_id}Permission", source.resource("AWS::Lambda::Permission", permission, event.place)


# State machines ---------------------------------------------------------------------------------------------


def _state_machine(source: Source) -> Resources:
    given = source.properties
    made: dict[str, JSON] = {name: given[old] for old, name in _NAMES_OF_STATE_MACHINE.items() if old in given}
    made |= _definition(source)
    if (tags := given.get("Tags")) is not None:
        made["Tags"] = tags_of(tags)
    if (role := given.get("Role")) is not None:
        made["RoleArn"] = role
    else:
        made["RoleArn"] = get_att(f"{source.logical_id}Role", "Arn")
        yield _role(source, "states.amazonaws.com", None)
    yield source.main(STATE_MACHINE, made)
    yield from versions_of_state_machine(source)
    for event_id, event in events_of(source, of_function=False):
        yield from _state_machine_event(source, event_id, event)


_NAMES_OF_STATE_MACHINE = {
    "Name": "StateMachineName",
    "Type": "StateMachineType",
    "Logging": "LoggingConfiguration",
    "Tracing": "TracingConfiguration",
}


def _definition(source: Source) -> dict[str, JSON]:
    given = source.properties
    definition, uri = given.get("Definition"), given.get("DefinitionUri")
    substitutions = given.get("DefinitionSubstitutions", Node({}, source.node.position))
    if definition is not None and uri is not None:
        source.fault(uri, "Specify either 'Definition' or 'DefinitionUri' property and not both.")
    elif definition is not None:
        return {"DefinitionString": Node(Substituted(definition, substitutions), definition.position)}
    elif uri is not None:
        read_from = (source.logical_id, source.read_file, source.report)
        return {"DefinitionString": read_definition(uri, substitutions, *read_from)}
    else:
        source.fault(source.node, "Either 'Definition' or 'DefinitionUri' property must be specified.")
    return {"DefinitionString": Node(Special.UNKNOWN, source.node.place)}


def _state_machine_event(source: Source, event_id: str, event: Node) -> Resources:
    rule_id = f"{source.logical_id}{event_id}"
    started = {"Ref": event_target(source)}
    if is_schedule(event):
        yield from schedule_of(source, rule_id, event, started, "states:StartExecution")
        return
    target: dict[str, JSON] = {"Arn": started}
    if (role := mapping(mapping(event).get("Properties")).get("RoleArn")) is not None:
        target["RoleArn"] = role
    else:
        target["RoleArn"] = get_att(f"{rule_id}Role", "Arn")
        may_start = {
            "PolicyName": f"{rule_id}RoleStartExecutionPolicy",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "states:StartExecution", "Effect": "Allow", "Resource": started}],
            },
        }
        role_properties = {"AssumeRolePolicyDocument": trust("events.amazonaws.com"), "Policies": [may_start]}
        yield f"{rule_id}Role", source.resource("AWS::IAM::Role", role_properties, event.place)
    yield from rule_of(source, rule_id, event, target, f"{rule_id}StepFunctionsTarget")


# Tables -----------------------------------------------------------------------------------------------------


def _simple_table(source: Source) -> Resources:
    given = source.properties
    key = mapping(given.get("PrimaryKey"))
    name: JSON = key.get("Name", "id")
    type: JSON = "S"
    if (written := key.get("Type")) is not None:
        type = _KEY_TYPES.get(written.value, written) if isinstance(written.value, str) else written
    made: dict[str, JSON] = {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": type}],
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
    }
    if "ProvisionedThroughput" not in given:
        made["BillingMode"] = "PAY_PER_REQUEST"
    for same in ("PointInTimeRecoverySpecification", "ProvisionedThroughput", "SSESpecification", "TableName"):
        if same in given:
            made[same] = given[same]
    if (tags := given.get("Tags")) is not None:
        made["Tags"] = tags_of(tags)
    yield source.main("AWS::DynamoDB::Table", made)


_KEY_TYPES = {"String": "S", "Number": "N", "Binary": "B"}


# Layers -----------------------------------------------------------------------------------------------------


def _layer(source: Source) -> Resources:
    given = source.properties
    made: dict[str, JSON] = {name: given[name] for name in _SAME_OF_LAYER if name in given}
    made["LayerName"] = given.get("LayerName", source.logical_id)
    made["Content"] = _location(given.get("ContentUri"))
    yield source.main("AWS::Lambda::LayerVersion", made)


_SAME_OF_LAYER = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")


# What several types have in common --------------------------------------------------------------------------


def _role(source: Source, service: str, managed: str | None) -> tuple[str, Node]:
    """Make the role of a resource that names none."""
    given = source.properties
    made: dict[str, JSON] = {"AssumeRolePolicyDocument": given.get("AssumeRolePolicyDocument", trust(service))}
    own, listed = permissions(source)
    events = mapping(given.get("Events")).values()
    reads = (any(map(is_stream, events)), any(map(is_queue, events)))
    own += letting_function(source)
    arns = [*attached(source, managed, reads_streams=reads[0], reads_queues=reads[1]), *listed]
    if arns:
        made["ManagedPolicyArns"] = arns
    if own:
        made["Policies"] = own
    for name, same in (("PermissionsBoundary",) * 2, ("RolePath", "Path")):
        if name in given:
            made[same] = given[name]
    return f"{source.logical_id}Role", source.resource("AWS::IAM::Role", made)


@record
class Rule:
    """How a SAM type is expanded, and which properties it has."""

    expand: Callable[[Source], Resources]
    properties: frozenset[str]
    unsupported: frozenset[str] = frozenset()
    """Properties of SAM that are refused by name."""


RULES: dict[str, Rule] = {
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
    "AWS::Serverless::Function": Rule(
        _function,
        frozenset(
            {
                *_SAME_OF_FUNCTION,
                *sam_versions.OF_FUNCTION,
                *(
                    "AssumeRolePolicyDocument",
                    "CodeUri",
                    "DeadLetterQueue",
                    "EventInvokeConfig",
                    "Events",
                    "ImageUri",
                ),
                "InlineCode",
                *("PermissionsBoundary", "Policies", "Role", "RolePath", "Tags", "Tracing"),
            }
        ),
        frozenset(
            {
                *("FunctionUrlConfig", "PropagateTags", "PublishToLatestPublished", "SourceKMSKeyArn"),
                *("CapacityProviderConfig", "DurableConfig", "FunctionScalingConfig", "TenancyConfig"),
            }
        ),
    ),
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
    "AWS::Serverless::StateMachine": Rule(
        _state_machine,
        frozenset(
            {
                *_NAMES_OF_STATE_MACHINE,
                *sam_versions.OF_STATE_MACHINE,
                *("Definition", "DefinitionSubstitutions", "DefinitionUri", "Events", "PermissionsBoundary"),
                *("Policies", "Role", "RolePath", "Tags"),
            }
        ),
        frozenset({"PropagateTags"}),
    ),
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-simpletable.html
    "AWS::Serverless::SimpleTable": Rule(
        _simple_table,
        frozenset(
            {
                *("PointInTimeRecoverySpecification", "PrimaryKey", "ProvisionedThroughput", "SSESpecification"),
                *("TableName", "Tags"),
            }
        ),
    ),
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-layerversion.html
    "AWS::Serverless::LayerVersion": Rule(
        _layer,
        frozenset({*_SAME_OF_LAYER, "ContentUri", "LayerName"}),
        frozenset({"PublishLambdaVersion", "RetentionPolicy"}),
    ),
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-websocketapi.html
    "AWS::Serverless::WebSocketApi": Rule(
        sam_websocket_api.websocket_api, sam_websocket_api.PROPERTIES, sam_websocket_api.UNSUPPORTED
    ),
}
"""The SAM types that can be expanded."""
