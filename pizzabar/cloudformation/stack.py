"""
A stack: what a template comes to, with every property resolved and every resource in its turn.

The loader is pure but for ``read_file``. It tells everything that is wrong in a template at once, each thing with
its line, and leaves nothing out silently: what has no effect here is listed in ``Stack.without_effect``, and what
is not known is a fault, or is listed in ``Stack.ignored`` when the caller is lenient.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from collections.abc import Callable, Mapping
from dataclasses import field, replace

from pizzabar.cloudformation import loops, sam
from pizzabar.cloudformation.assets import Assets
from pizzabar.cloudformation.conditions import evaluate
from pizzabar.cloudformation.definitions import STATE_MACHINE, substituted
from pizzabar.cloudformation.dependencies import in_creation_order, with_last
from pizzabar.cloudformation.intrinsics import Scope, references, resolve
from pizzabar.cloudformation.named import misnamed
from pizzabar.cloudformation.node import (
    FaultyTemplate,
    Node,
    Position,
    Report,
    Special,
    TemplateFault,
    did_you_mean,
    is_known,
    mapping,
    nearest,
    plain,
    text_of,
)
from pizzabar.cloudformation.nodes import Nodes, place_of
from pizzabar.cloudformation.parameters import in_ssm, pseudo_parameters, read_parameters, shown_parameters
from pizzabar.cloudformation.properties import Conforming
from pizzabar.cloudformation.sam_references import Generated, renamed
from pizzabar.cloudformation.sections import (
    check_sections,
    is_created,
    is_resource,
    outputs_of,
    read_mappings,
    read_rules,
    uses_extensions,
    uses_sam,
)
from pizzabar.cloudformation.template import read
from pizzabar.documents import JSON
from pizzabar.errors import pointer
from pizzabar.record import record
from pizzabar.resource import Identity, Naming, Resource, ResourceType

MOST_RESOURCES = 5_000
"""Nothing larger is read."""
MOST_DEPLOYED = 500
"""What AWS deploys; a larger stack runs here, and is told of.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
MOST_FAULTS = 1000
"""Nobody reads on beyond so many; a text made to be wrong does not take long."""
POLICIES = {
    "CreationPolicy": "a resource is there at once",
    "DeletionPolicy": "data lives as long as the state that pizzabar keeps",
    "UpdatePolicy": "an update replaces nothing gradually",
    "UpdateReplacePolicy": "an update keeps what it replaces only in the state that pizzabar keeps",
}


@record
class Output:
    """A value that a stack gives to its users."""

    value: str
    description: str = ""
    export: str | None = None


@record
class Stack:
    """What a template comes to."""

    name: str
    resources: tuple[Resource, ...]
    """In creation order."""
    outputs: Mapping[str, Output]
    parameters: Mapping[str, JSON]
    """Text by name; a list of texts for a parameter of a list type; ``****`` for one that is not to be shown."""
    description: str = ""
    ignored: tuple[TemplateFault, ...] = ()
    """What a lenient reading went over."""
    without_effect: tuple[tuple[str, str], ...] = ()
    """What is understood and does nothing here: where it stands, and why."""
    text: str = ""
    """The template as it was written."""
    nodes: Nodes = field(default_factory=Nodes)
    """What it was read from, with the places."""


def read_template(
    text: str | None,
    *,
    file: str,
    read_file: Callable[[str], str],
    types: Mapping[str, ResourceType],
    naming: Naming,
    parameters: Mapping[str, str] | None = None,
    metadata: Mapping[str, Mapping[str, JSON]] | None = None,
    metadata_of_all: Mapping[str, JSON] | None = None,
    has_operation: Callable[[str, str], bool] = lambda service, operation: True,
    add: Callable[[Mapping[str, str]], Mapping[str, Node]] | None = None,
    is_there: Callable[[str], bool] = lambda name: True,
    lenient: bool = False,
    takes_any_task: bool = False,
) -> Stack:
    """Read a template of CloudFormation or SAM; without a text there is what is added.

    ``read_file`` gives the text of a file that the template names, and raises ``OSError`` when it cannot.
    ``is_there`` tells whether there is a file or folder of a name.
    ``has_operation`` tells whether a service has an operation, by the call table's names.
    ``metadata_of_all`` is laid over the metadata of every resource, and ``metadata`` over that, by logical ID.
    ``add`` is given the types of the template's resources, by logical ID, and gives others.
    Raise ``FaultyTemplate`` with everything that is wrong. With ``lenient``, resources of unknown types and
    unknown properties are left out and listed in ``Stack.ignored``; with ``takes_any_task``, state machines may have
    tasks of services that are not here.
    """
    faults: dict[TemplateFault, None] = {}
    ignored: dict[TemplateFault, None] = {}

    def report(position: Position, message: str) -> None:
        # An alias is resolved wherever it is used; what is wrong in it is told once.
        faults[TemplateFault(position, message)] = None
        if len(faults) >= MOST_FAULTS:
            raise faulty()

    def faulty() -> FaultyTemplate:
        return FaultyTemplate(sorted(faults, key=lambda fault: (fault.position.file != file, fault.position)))

    def ignore(position: Position, message: str) -> None:
        ignored[TemplateFault(position, message)] = None

    root = Node({}, Position(file, 1, 1)) if text is None else read(text, file, report)
    if add is not None and root is not None and isinstance(root.value, dict):
        root = _with_added(root, add, report)
        if text is None and not mapping(root):
            return Stack(naming.stack, (), {}, {})
    stack = None
    if root is not None and not isinstance(root.value, Special):
        unsupported = ignore if lenient else report
        naming = replace(naming, numbers=naming.numbers.anew())
        given = metadata or {}
        of_all = metadata_of_all or {}
        reading = _Reading(
            file,
            read_file,
            types,
            naming,
            given,
            of_all,
            has_operation,
            is_there,
            report,
            unsupported,
            lenient=lenient,
            takes_any_task=takes_any_task,
        )
        stack = reading.stack(root, parameters or {})
    elif not faults:
        report(Position(file, 1, 1), "Template format error: At least one Resources member must be defined.")
    if faults:
        raise faulty()
    assert stack is not None
    return replace(stack, ignored=tuple(ignored), text=text or "")


def _with_added(root: Node, add: Callable[[Mapping[str, str]], Mapping[str, Node]], report: Report) -> Node:
    """Give a template with more resources."""
    sections = mapping(root)
    resources = mapping(sections.get("Resources"))
    types = {name: str(mapping(node)["Type"].value) for name, node in resources.items() if "Type" in mapping(node)}
    added = add(types)
    for name, node in added.items():
        if name in resources:
            report(node.place, f"{name}: the template has a resource of that name, too")
    if not added:
        return root
    first = next(iter(added.values()))
    before = sections.get("Resources", first)
    return Node(
        {**sections, "Resources": Node({**added, **resources}, before.position, before.key)}, root.position, root.key
    )


_REF_IS_ARN = {
    "AWS::CertificateManager::Certificate": "acm",
    "AWS::SecretsManager::Secret": "secretsmanager",
    "AWS::SNS::Topic": "sns",
}
"""Types that are often left out, of which ``Ref`` is an ARN, and their services."""


class _Reading:
    def __init__(
        self,
        file: str,
        read_file: Callable[[str], str],
        types: Mapping[str, ResourceType],
        naming: Naming,
        metadata: Mapping[str, Mapping[str, JSON]],
        metadata_of_all: Mapping[str, JSON],
        has_operation: Callable[[str, str], bool],
        is_there: Callable[[str], bool],
        report: Report,
        unsupported: Report,
        *,
        lenient: bool,
        takes_any_task: bool,
    ) -> None:
        self.file = file
        self.read_file = read_file
        self.types = types
        self.naming = naming
        self.metadata = metadata
        self.metadata_of_all = metadata_of_all
        self.has_operation = has_operation
        self.is_there = is_there
        self.report = report
        self.unsupported = unsupported
        self.lenient = lenient
        self.takes_any_task = takes_any_task
        self.without_effect: list[tuple[Position, str, str]] = []
        # How those are referred to of which nothing is made.
        self.left_out: dict[str, Identity] = {}
        # The properties of each resource as they were written and came out.
        self.resolved: dict[str, Node] = {}
        # What SAM has generated, by what refers to it.
        self.generated: Generated = {}
        # The attributes that are asked of each resource.
        self.asked: dict[str, set[str]] = {}

    def stack(self, root: Node, given: Mapping[str, str]) -> Stack:
        if not isinstance(root.value, dict):
            self.report(root.position, "Template format error: unsupported structure.")
            return Stack(self.naming.stack, (), {}, {})
        sections = root.value
        check_sections(sections, self.report)
        parameters = read_parameters(sections.get("Parameters"), given, self.file, self.report)
        scope = Scope(
            self.report,
            pseudo_parameters(self.naming) | parameters,
            in_ssm(sections.get("Parameters"), given),
            read_mappings(sections.get("Mappings"), self.report),
        )
        for name, rule in read_rules(sections.get("Rules"), self.report).items():
            self.without_effect.append((rule.place, f"Rules.{name}", "parameters are not held to rules"))
        if uses_extensions(sections):
            scope = replace(scope, is_extended=True)
            sections = loops.write_out(sections, scope)
        scope = replace(scope, conditions=evaluate(sections.get("Conditions"), scope))

        resources = self.resources(sections, scope)
        if self.generated and "Outputs" in sections:
            sections = {**sections, "Outputs": renamed(sections["Outputs"], self.generated)}
        created = {name: node for name, node in resources.items() if is_created(name, node, scope, "Resources")}
        outputs = outputs_of(sections.get("Outputs"), scope)
        for name, node in resources.items():
            self.check_references(node, scope, resources, created, "Resources", is_taken=name in created)
        for name, node in mapping(sections.get("Outputs")).items():
            self.check_references(node, scope, resources, created, "Outputs", is_taken=name in outputs)

        identities: dict[str, Identity | None] = {}
        scope = replace(scope, identities=identities)
        made = []
        for name in self.creation_order(created, scope):
            resource = self.resource(name, created[name], scope)
            identities[name] = self.stand_in(name, created[name]) if resource is None else resource.identity
            if resource is not None:
                made.append(resource)
        for fault in misnamed(made, self.types):
            where = nearest(self.resolved[fault.resource.logical_id], fault.path)
            tell = self.unsupported if fault.is_elsewhere else self.report
            tell(where, f"{fault.resource.logical_id}: {pointer(fault.path)}: {fault.message}")
        description = sections.get("Description")
        return Stack(
            self.naming.stack,
            tuple(made),
            {name: output for name, node in outputs.items() if (output := self.output(name, node, scope))},
            shown_parameters(sections.get("Parameters"), parameters),
            str(description.value) if description is not None else "",
            without_effect=tuple((f"{position}: {place}", why) for position, place, why in self.without_effect),
            nodes=Nodes(sections, created, self.resolved),
        )

    # Resources ----------------------------------------------------------------------------------------------

    def resources(self, sections: Mapping[str, Node], scope: Scope) -> dict[str, Node]:
        section = sections.get("Resources")
        if section is None or section.value == {}:
            where = Position(self.file, 1, 1) if section is None else section.place
            self.report(where, "Template format error: At least one Resources member must be defined.")
            return {}
        if not isinstance(section.value, dict):
            if not isinstance(section.value, Special):
                self.report(section.place, "Template format error: Resources must be an object")
            return {}
        sound = {name: node for name, node in section.value.items() if is_resource(name, node, self.report)}
        if uses_sam(sections):
            told = self.read_file, self.report, self.unsupported
            sound, self.generated = sam.expand(sound, sections.get("Globals"), *told, scope.values)
        if len(sound) > MOST_RESOURCES:
            self.report(
                section.place,
                f"Template format error: Number of resources, {len(sound)}, is greater than maximum allowed, "
                f"{MOST_RESOURCES}",
            )
            return {}
        if len(sound) > MOST_DEPLOYED:
            why = f"AWS deploys at most {MOST_DEPLOYED} resources in a stack, and this one has {len(sound)}"
            self.without_effect.append((section.place, "Resources", why))
        assets = Assets(self.file, self.read_file)
        sound = {name: assets.located(node) for name, node in sound.items()}
        for name in self.metadata:
            if name not in section.value:
                hint = did_you_mean(name, section.value)
                self.report(section.place, f"{name}: the template has no such resource{hint}")
        for name, node in sound.items():
            if name in scope.values:
                self.report(node.place, f"Template format error: the template has a parameter {name}, too")
            if mapping(node)["Type"].value == STATE_MACHINE:
                sound[name] = substituted(name, node, self.read_file, self.report)
        return sound

    def check_references(
        self,
        node: Node,
        scope: Scope,
        resources: Mapping[str, Node],
        created: Mapping[str, Node],
        block: str,
        *,
        is_taken: bool,
    ) -> None:
        """Tell every name that nothing has, whether or not it is needed at present."""
        for member in self.depends_on(node):
            if not isinstance(member.value, str | Special):
                self.report(member.place, "Template format error: DependsOn must be a string or list of strings.")
            elif isinstance(member.value, str) and member.value not in resources:
                self.report(member.position, _unresolved(member.value, block) + did_you_mean(member.value, resources))
        for found in references(node, scope.conditions, is_taken=is_taken):
            if found.attribute is not None:
                self.asked.setdefault(found.name, set()).add(found.attribute)
            is_get_att = found.function == "Fn::GetAtt"
            known = created if found.is_taken else resources
            if found.name in known or (found.name in scope.values and not is_get_att):
                continue
            hint = did_you_mean(found.name, [*resources, *(() if is_get_att else scope.values)])
            if found.name in resources:
                hint = f"; the condition of {found.name} is false"
            undefined = f"Template error: instance of Fn::GetAtt references undefined resource {found.name}"
            message = undefined if is_get_att else _unresolved(found.name, block)
            self.report(found.position, message + hint)

    def creation_order(self, created: Mapping[str, Node], scope: Scope) -> list[str]:
        dependencies: dict[str, dict[str, None]] = {}
        for name, node in created.items():
            found = (reference.name for reference in references(node, scope.conditions) if reference.is_taken)
            on = [*found, *(str(member.value) for member in self.depends_on(node))]
            dependencies[name] = dict.fromkeys(other for other in on if other in created)
        order = []
        for group in in_creation_order(dependencies):
            if len(group) > 1 or group[0] in dependencies[group[0]]:
                circle = sorted(group, key=list(created).index)
                message = f"Circular dependency between resources: [{', '.join(circle)}]"
                self.report(created[circle[0]].place, message)
            order.extend(group)
        last = {name for name, node in created.items() if self.comes_last(node)}
        return with_last(order, dependencies, last)

    def comes_last(self, node: Node) -> bool:
        type = self.types.get(str(mapping(node)["Type"].value))
        return type is not None and type.comes_last

    def depends_on(self, node: Node) -> list[Node]:
        attribute = mapping(node).get("DependsOn")
        if attribute is None:
            return []
        return attribute.value if isinstance(attribute.value, list) else [attribute]

    def resource(self, name: str, node: Node, scope: Scope) -> Resource | None:
        """Read a resource; None when it is faulty or of no known type."""
        attributes = mapping(node)
        type_node = attributes["Type"]
        type_name = str(type_node.value)
        for attribute, why in POLICIES.items():
            if attribute in attributes:
                self.without_effect.append((attributes[attribute].place, f"{name}.{attribute}", why))
        nothing = Node({}, node.position, node.key)
        properties = resolve(attributes.get("Properties", nothing), scope)
        if properties.value is Special.NO_VALUE:
            properties = nothing
        metadata = plain(resolve(attributes["Metadata"], scope)) if "Metadata" in attributes else {}
        type = self.types.get(type_name)
        if type is None:
            if type_name in sam.RULES:
                hint = f" without Transform: {sam.TRANSFORM}"
            else:
                # Types of AWS are like each other without being meant.
                hint = did_you_mean(type_name, self.types, cutoff=0.9)
            self.unsupported(type_node.position, f"{name}: {type_name} is not supported{hint}")
            return None

        conforming = Conforming(name, self.report, self.unsupported)
        values = conforming.conform(type.shape, properties)
        self.without_effect += conforming.without_effect
        if not type.is_supported:
            self.unsupported(type_node.position, f"{name}: {type_name} is not supported")
        if not conforming.is_sound:
            return None
        if not type.is_supported:
            self.left_out[name] = type.identify(name, values, self.naming)
            return None
        metadata = dict(metadata) if isinstance(metadata, dict) and is_known(metadata) else {}
        metadata = {**metadata, **self.metadata_of_all, **self.metadata.get(name, {})}
        resource = Resource(name, type_name, values, type.identify(name, values, self.naming), metadata)
        for fault in (*type.check(values), *type.check_resource(resource)):
            where = place_of(fault.path, attributes.get("Properties"), properties, values)
            path = f"{pointer(fault.path)}: " if fault.path else ""
            self.report(where, f"{name}: {path}{fault.message}")
        for asked in type.asks(values):
            if asked.is_task and self.takes_any_task:
                continue
            if not self.has_operation(asked.service, asked.operation):
                where = place_of(asked.path, attributes.get("Properties"), properties, values)
                what = f"{asked.service}:{asked.operation} is not supported"
                tell = self.unsupported if asked.is_task else self.report
                tell(where, f"{name}: {pointer(asked.path)}: {what}")
        for needed in type.files(resource):
            if not self.is_there(needed.name):
                where = place_of(needed.path, attributes.get("Properties"), properties, values)
                self.report(where, f"{name}: {pointer(needed.path)}: there is no file or folder {needed.name}")
        self.resolved[name] = properties
        return resource

    def stand_in(self, name: str, node: Node) -> Identity | None:
        """Give something to refer to in place of a resource that a lenient reading leaves out."""
        known = self.left_out.get(name)
        if not self.lenient:
            return known
        reference = f"{self.naming.stack}-{name}"
        # What a policy or a permission names must look like an ARN.
        arn = self.naming.home.arn("cloudformation", reference)
        asked = self.asked.get(name, ())
        attributes = {each: f"{arn if each.endswith('Arn') else reference}.{each}" for each in asked}
        if known is not None:
            return Identity(known.ref, attributes | dict(known.attributes))
        service = _REF_IS_ARN.get(str(mapping(node)["Type"].value))
        return Identity(reference if service is None else self.naming.home.arn(service, reference), attributes)

    # Outputs ------------------------------------------------------------------------------------------------

    def output(self, name: str, node: Node, scope: Scope) -> Output | None:
        attributes = mapping(node)
        value = self.output_text(attributes["Value"], f"The Value field of Outputs member {name}", scope)
        export = attributes.get("Export")
        exported = None
        if export is not None:
            self.without_effect.append((export.place, f"Outputs.{name}.Export", "no other stack imports it"))
            if (export_name := mapping(export).get("Name")) is not None:
                exported = self.output_text(export_name, f"The Export name of Outputs member {name}", scope)
            elif not isinstance(export.value, Special):
                self.report(export.place, f"Template format error: Output {name} is malformed. An Export has a Name.")
        described = attributes.get("Description")
        description = described.value if described is not None and isinstance(described.value, str) else ""
        return None if value is None else Output(value, description, exported)

    def output_text(self, node: Node, what: str, scope: Scope) -> str | None:
        value = plain(resolve(node, scope))
        text = text_of(value)
        if text is None and is_known(value):
            self.report(node.place, f"Template format error: {what} must evaluate to a String.")
        return text


def _unresolved(name: str, block: str) -> str:
    return f"Template format error: Unresolved resource dependencies [{name}] in the {block} block of the template"
