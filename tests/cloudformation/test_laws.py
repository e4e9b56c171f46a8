"""Whatever is written, it comes to a stack or to faults, never to a traceback, and soon."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pizzabar.cloudformation.node import FaultyTemplate, TemplateFault, is_known
from pizzabar.documents import write
from tests.cloudformation.kitchen import TYPES, load

NAMES = st.sampled_from(
    [
        *("Resources", "Parameters", "Conditions", "Mappings", "Outputs", "Transform", "Globals", "Metadata"),
        *("Type", "Properties", "Condition", "DependsOn", "Value", "Export", "Name", "Description", "Default"),
        *("Ref", "Fn::Sub", "Fn::GetAtt", "Fn::If", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::FindInMap"),
        *("Fn::Base64", "Fn::Equals", "Fn::And", "Fn::Not", "Fn::Or", "Fn::ImportValue", "Fn::Foo", "A", "B"),
        *("Fn::ForEach::L", "Fn::Length", "Fn::ToJsonString", "${A}", "&{B}", "DefaultValue"),
        *("Heat", "Racks", "Recipe", "Events", "Definition", "DefinitionUri", "DefinitionSubstitutions"),
        *("Routes", "Auth", "AuthType", "AuthArn", "FunctionArn", "$connect", "StageName", "DynamoDBCrudPolicy"),
        *("Function", "Policies", "Tags", "PrimaryKey", "DeadLetterQueue", "Pattern", "AllowedPattern"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    NAMES,
    st.sampled_from(["A", "B", "A.Arn", "${A}", "${A.Arn}", "${}", "String", "Number", "flow.json", "flow.yaml"]),
    st.sampled_from(
        ["AWS::Region", "AWS::NoValue", "AWS::Nothing", "AWS::Serverless-2016-10-31", "[", "EventBridgeRule"]
    ),
    st.sampled_from(list(TYPES)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
WEBSOCKETS = "AWS::Serverless::WebSocketApi"
SAM_TYPES = st.sampled_from(
    ["AWS::Serverless::Function", "AWS::Serverless::StateMachine", "AWS::Serverless::SimpleTable", WEBSOCKETS, *TYPES]
)
RESOURCES = st.fixed_dictionaries(
    {"Type": st.one_of(SAM_TYPES, VALUES)},
    optional={
        "Properties": st.dictionaries(st.one_of(NAMES, st.text(max_size=3)), VALUES, max_size=4),
        "Condition": st.one_of(NAMES, VALUES),
        "DependsOn": VALUES,
        "Metadata": VALUES,
        "IgnoreGlobals": VALUES,
    },
)
TEMPLATES = st.fixed_dictionaries(
    {"Resources": st.dictionaries(st.sampled_from("ABCD"), st.one_of(RESOURCES, VALUES), max_size=4)},
    optional={
        "Transform": st.one_of(
            st.just("AWS::Serverless-2016-10-31"),
            st.just(["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]),
            VALUES,
        ),
        "Globals": VALUES,
        "Parameters": st.dictionaries(st.sampled_from("PQ"), VALUES, max_size=2),
        "Conditions": st.dictionaries(st.sampled_from("AB"), VALUES, max_size=2),
        "Mappings": st.dictionaries(st.sampled_from("MN"), VALUES, max_size=2),
        "Outputs": st.dictionaries(st.sampled_from("OA"), VALUES, max_size=2),
    },
)
WORDS = st.sampled_from(
    [
        *("Resources:", "\n", "\n  ", "\n    ", "\n      ", "A", "B", ": ", "- ", "Type: ", "AWS::Kitchen::Oven"),
        *("Properties:", "Name: ", "!Ref ", "!Sub ", "!GetAtt ", "!If ", "!Foo ", "&a ", "*a", "<<: ", "[", "]"),
        *("{", "}", ",", "'", '"', "|", ">", "#", "%", "@", "!!int ", "!!set ", "? ", "---\n", "~", "\t", "\x00"),
        *("${A}", "2012-10-17", "0x", "1:2", ".5", "-", "\ud800", "é", "\\u", "\ufeff"),
    ]
)
FILES = {"flow.json": '{"${A}": "Nowhere"}', "flow.yaml": "- [${A}, Nowhere, ~"}


def comes_to_an_end(text: str) -> None:
    for lenient in (False, True):
        faults: tuple[TemplateFault, ...] = ()
        try:
            stack = load(text, files=FILES, lenient=lenient)
            assert all(is_known(resource.properties) for resource in stack.resources)
        except FaultyTemplate as faulty:
            faults = faulty.faults
            if not faults:
                raise
        assert all(fault.position.line >= 1 and fault.message for fault in faults)


@given(st.lists(WORDS, max_size=60).map("".join))
@settings(max_examples=300, deadline=None)
@example("Resources: {A: {Type: AWS::Kitchen::Oven, Properties: !Ref AWS::NoValue}}")
@example("Resources: {A: {Type: AWS::Kitchen::Oven, Properties: {Labels: *a}}}")
@example("Conditions: {C: !Equals [!Ref AWS::NoValue, a]}\nResources: {A: {Type: AWS::Kitchen::Oven, Condition: C}}")
def test_any_text_comes_to_a_stack_or_to_faults(text: str) -> None:
    comes_to_an_end(text)


@given(TEMPLATES)
@settings(max_examples=250, deadline=None)
def test_any_template_comes_to_a_stack_or_to_faults(template: dict[str, Any]) -> None:
    comes_to_an_end(write(template))
