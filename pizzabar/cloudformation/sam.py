"""
SAM: what AWS::Serverless types stand for in types of CloudFormation.

Pure but for ``read_file``. A resource that is generated stands where the thing stands that it comes from.

- What a function or a state machine is allowed to do goes into a role of its own, ``<LogicalId>Role``, unless the
  template names one.
- Code stays a path, as the ``package`` command of the AWS CLI takes it; a definition's file is read.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from collections.abc import Callable, Iterator, Mapping

from pizzabar.cloudformation.definitions import STATE_MACHINE, read_definition
from pizzabar.cloudformation.node import (
    Node,
    Position,
    Report,
    Special,
    Substituted,
    did_you_mean,
    mapping,
    node_of,
)
from pizzabar.cloudformation.sam_globals import is_intrinsic, merge, read_globals
from pizzabar.documents import JSON
from pizzabar.record import record

TRANSFORM = "AWS::Serverless-2016-10-31"

Resources = Iterator[tuple[str, Node]]


@record
class Source:
    """A resource of a SAM type that is to be expanded."""

    logical_id: str
    node: Node
    properties: Mapping[str, Node]
    read_file: Callable[[str], str]
    report: Report
    unsupported: Report

    def resource(self, type: str, properties: Mapping[str, JSON], place: Position | None = None) -> Node:
        """Make a resource that stands where this one stands, and is made under the same condition."""
        at = self.node.place if place is None else place
        attributes = {name: node for name in _SHARED_ATTRIBUTES if (node := mapping(self.node).get(name))}
        return node_of({"Type": type, **attributes, "Properties": properties}, at, at)

    def main(self, type: str, properties: Mapping[str, JSON]) -> tuple[str, Node]:
        """Make the resource that keeps the logical ID and everything that is said about it."""
        attributes = {name: node for name, node in mapping(self.node).items() if name != "Type"}
        place = self.node.place if "Properties" not in attributes else attributes["Properties"].place
        made = node_of({**properties}, place, place)
        return self.logical_id, node_of({**attributes, "Type": type, "Properties": made}, self.node.position, place)

    def fault(self, at: Node, message: str) -> None:
        """Tell a fault of this resource."""
        self.report(at.place, f"{self.logical_id}: {message}")


_SHARED_ATTRIBUTES = ("Condition", "DeletionPolicy", "UpdateReplacePolicy")


def expand(
    resources: Mapping[str, Node],
    globals: Node | None,
    read_file: Callable[[str], str],
    report: Report,
    unsupported: Report,
) -> dict[str, Node]:
    """Give the resources of a template with those of SAM types replaced by what they stand for.

    What pizzabar does not know is told to ``unsupported``, everything else that is wrong to ``report``.
    """
    defaults = read_globals(globals, report, unsupported)
    expanded: dict[str, Node] = {}
    generated: list[tuple[str, Node]] = []
    for logical_id, node in resources.items():
        type = mapping(node).get("Type")
        name = type.value if type is not None and isinstance(type.value, str) else ""
        properties = mapping(node).get("Properties", Node({}, node.position))
        if name not in RULES or not isinstance(properties.value, dict):
            expanded[logical_id] = node
            continue
        _check_names(logical_id, name, properties.value, unsupported)
        if (default := defaults.get(name.rpartition("::")[2])) is not None:
            properties = merge(default, properties)
        source = Source(logical_id, node, mapping(properties), read_file, report, unsupported)
        for made_id, made in RULES[name].expand(source):
            if made_id == logical_id:
                expanded[made_id] = made
            else:
                generated.append((made_id, made))
    for made_id, made in generated:
        if made_id in expanded:
            report(made.place, f"{made_id}: SAM makes a resource of this name, and the template has another")
        expanded.setdefault(made_id, made)
    return expanded


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
    code = _code(source)
    if code is not None:
        made["Code"] = code
    if (queue := given.get("DeadLetterQueue")) is not None:
        target = mapping(queue).get("TargetArn")
        if target is None:
            source.fault(queue, "'DeadLetterQueue' requires Type and TargetArn properties to be specified.")
        else:
            made["DeadLetterConfig"] = node_of({"TargetArn": target}, queue.place)
    if (tracing := given.get("Tracing")) is not None:
        made["TracingConfig"] = {"Mode": tracing}
    if (tags := given.get("Tags")) is not None:
        made["Tags"] = _tags(tags)
    if (role := given.get("Role")) is not None:
        made["Role"] = role
    else:
        made["Role"] = _get_att(f"{source.logical_id}Role", "Arn")
        yield _role(source, "lambda.amazonaws.com", "service-role/AWSLambdaBasicExecutionRole")
    yield source.main("AWS::Lambda::Function", made)
    for event_id, event in _events(source):
        yield from _function_event(source, event_id, event)


_SAME_OF_FUNCTION = (
    *("Architectures", "CodeSigningConfigArn", "Description", "Environment", "EphemeralStorage"),
    # On AWS a resource of its own; here the function keeps it, which has no versions or aliases.
    *(
        "EventInvokeConfig",
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
    code = given.get("CodeUri")
    if code is None:
        return None
    bucket = {"Bucket": "S3Bucket", "Key": "S3Key", "Version": "S3ObjectVersion"}
    if isinstance(code.value, dict) and not is_intrinsic(code.value):
        members = {bucket.get(name, name): member for name, member in code.value.items()}
        return Node(members, code.position, code.key)
    return code


def _function_event(source: Source, event_id: str, event: Node) -> Resources:
    rule_id = f"{source.logical_id}{event_id}"
    target: dict[str, JSON] = {"Arn": _get_att(source.logical_id, "Arn")}
    yield rule_id, _rule(source, event, target, f"{rule_id}LambdaTarget")
    permission = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": source.logical_id},
        "Principal": "events.amazonaws.com",
        "SourceArn": _get_att(rule_id, "Arn"),
    }
    yield f"{rule_id}Permission", source.resource("AWS::Lambda::Permission", permission, event.place)


# State machines ---------------------------------------------------------------------------------------------


def _state_machine(source: Source) -> Resources:
    given = source.properties
    made: dict[str, JSON] = {name: given[old] for old, name in _NAMES_OF_STATE_MACHINE.items() if old in given}
    made |= _definition(source)
    if (tags := given.get("Tags")) is not None:
        made["Tags"] = _tags(tags)
    if (role := given.get("Role")) is not None:
        made["RoleArn"] = role
    else:
        made["RoleArn"] = _get_att(f"{source.logical_id}Role", "Arn")
        yield _role(source, "states.amazonaws.com", None)
    yield source.main(STATE_MACHINE, made)
    for event_id, event in _events(source):
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
    target: dict[str, JSON] = {"Arn": {"Ref": source.logical_id}}
    if (role := mapping(mapping(event).get("Properties")).get("RoleArn")) is not None:
        target["RoleArn"] = role
    else:
        target["RoleArn"] = _get_att(f"{rule_id}Role", "Arn")
        may_start = {
            "PolicyName": f"{rule_id}RoleStartExecutionPolicy",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Action": "states:StartExecution", "Effect": "Allow", "Resource": {"Ref": source.logical_id}}
                ],
            },
        }
        role_properties = {"AssumeRolePolicyDocument": _trust("events.amazonaws.com"), "Policies": [may_start]}
        yield f"{rule_id}Role", source.resource("AWS::IAM::Role", role_properties, event.place)
    yield rule_id, _rule(source, event, target, f"{rule_id}StepFunctionsTarget")


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
        made["Tags"] = _tags(tags)
    yield source.main("AWS::DynamoDB::Table", made)


_KEY_TYPES = {"String": "S", "Number": "N", "Binary": "B"}


# What several types have in common --------------------------------------------------------------------------

_RULE_EVENTS = ("EventBridgeRule", "CloudWatchEvent")
_EVENT_PROPERTIES = (
    *("DeadLetterConfig", "EventBusName", "Input", "InputPath", "InputTransformer", "Pattern", "RetryPolicy"),
    *("RoleArn", "RuleName", "State", "Target"),
)


def _events(source: Source) -> Iterator[tuple[str, Node]]:
    """Go through the event sources that can be made, and tell those that cannot."""
    section = source.properties.get("Events")
    if section is not None and not isinstance(section.value, dict | Special):
        source.fault(section, "'Events' must be an object of event sources.")
    for event_id, event in mapping(section).items():
        type = mapping(event).get("Type")
        if type is None or not isinstance(type.value, str):
            if not isinstance(event.value, Special):
                source.fault(event, f"Event with id [{event_id}] is invalid. Event has no Type.")
        elif type.value not in _RULE_EVENTS:
            hint = did_you_mean(type.value, _RULE_EVENTS)
            message = f"{source.logical_id}: event source {event_id} of type {type.value} is not supported{hint}"
            source.unsupported(type.position, message)
        else:
            for name, node in mapping(mapping(event).get("Properties")).items():
                if name not in _EVENT_PROPERTIES:
                    hint = did_you_mean(name, _EVENT_PROPERTIES)
                    message = f"{source.logical_id}: property {name} not defined for event {event_id}{hint}"
                    source.unsupported(node.place, message)
            yield event_id, event


def _rule(source: Source, event: Node, target: dict[str, JSON], target_id: str) -> Node:
    given = mapping(mapping(event).get("Properties"))
    made: dict[str, JSON] = {}
    for name, same in (("Pattern", "EventPattern"), ("EventBusName",) * 2, ("RuleName", "Name"), ("State",) * 2):
        if name in given:
            made[same] = given[name]
    if "Pattern" not in given:
        source.fault(event, "an event source of this type needs a Pattern.")
    target = {"Id": mapping(given.get("Target")).get("Id", target_id), **target}
    for name in ("Input", "InputPath", "InputTransformer", "RetryPolicy"):
        if name in given:
            target[name] = given[name]
    if (queue := given.get("DeadLetterConfig")) is not None:
        arn = mapping(queue).get("Arn")
        if arn is None:
            source.fault(queue, "DeadLetterConfig needs the Arn of a queue; making one is not supported.")
        else:
            target["DeadLetterConfig"] = node_of({"Arn": arn}, queue.place)
    return source.resource("AWS::Events::Rule", {**made, "Targets": [target]}, event.place)


def _role(source: Source, service: str, managed: str | None) -> tuple[str, Node]:
    """Make the role of a resource that names none."""
    given = source.properties
    made: dict[str, JSON] = {"AssumeRolePolicyDocument": given.get("AssumeRolePolicyDocument", _trust(service))}
    if managed is not None:
        made["ManagedPolicyArns"] = [{"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{managed}"}]
    for name, same in (("Policies",) * 2, ("PermissionsBoundary",) * 2, ("RolePath", "Path")):
        if name in given:
            made[same] = given[name]
    return f"{source.logical_id}Role", source.resource("AWS::IAM::Role", made)


def _trust(service: str) -> JSON:
    statement = {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _tags(tags: Node) -> JSON:
    """Write a map of tags as the list that CloudFormation takes."""
    if not isinstance(tags.value, dict) or is_intrinsic(tags.value):
        return tags
    pairs = [{"Key": name, "Value": value} for name, value in tags.value.items()]
    return node_of(pairs, tags.position)


def _get_att(logical_id: str, attribute: str) -> JSON:
    return {"Fn::GetAtt": [logical_id, attribute]}


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
                *("AssumeRolePolicyDocument", "CodeUri", "DeadLetterQueue", "Events", "ImageUri", "InlineCode"),
                *("PermissionsBoundary", "Policies", "Role", "RolePath", "Tags", "Tracing"),
            }
        ),
        frozenset(
            {
                *("AutoPublishAlias", "AutoPublishAliasAllProperties", "AutoPublishCodeSha256"),
                *("DeploymentPreference", "FunctionUrlConfig", "PropagateTags"),
                *("ProvisionedConcurrencyConfig", "PublishToLatestPublished", "SourceKMSKeyArn"),
                *("VersionDeletionPolicy", "VersionDescription"),
            }
        ),
    ),
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
    "AWS::Serverless::StateMachine": Rule(
        _state_machine,
        frozenset(
            {
                *_NAMES_OF_STATE_MACHINE,
                *("Definition", "DefinitionSubstitutions", "DefinitionUri", "Events", "PermissionsBoundary"),
                *("Policies", "Role", "RolePath", "Tags"),
            }
        ),
        frozenset({"AutoPublishAlias", "DeploymentPreference", "PropagateTags", "UseAliasAsEventTarget"}),
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
}
"""The SAM types that can be expanded."""
