"""What Fn::ForEach stands for, and the functions that come with it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
"""

import pytest

from pizzabar.documents import JSON
from tests.cloudformation.kitchen import faults_of, load, resources_of

EXTENDED = "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\n"


def test_a_loop_makes_a_resource_for_each_value() -> None:
    stack = load(
        EXTENDED
        + """
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'Orders, Guests'}
Resources:
  Fn::ForEach::Ovens:
    - Name
    - !Ref Names
    - ${Name}Oven:
        Type: AWS::Kitchen::Oven
        Properties:
          Name: !Sub '${AWS::StackName}-${Name}'
          Racks: [!Ref Name, !Ref AWS::Region]
          Recipe: {'of-${Name}': x}
  Last: {Type: AWS::Kitchen::Oven, Properties: {Name: !GetAtt GuestsOven.Arn}}
Outputs:
  Fn::ForEach::Names:
    - Name
    - [Orders]
    - Of${Name}: {Value: !GetAtt 'OrdersOven.Arn'}
"""
    )

    made = resources_of(stack)
    assert list(made) == ["OrdersOven", "GuestsOven", "Last"]
    assert made["OrdersOven"].properties == {
        "Name": "pizza-Orders",
        "Racks": ["Orders", "us-east-1"],
        "Recipe": {"of-Orders": "x"},
    }
    assert made["Last"].properties == {"Name": "arn:aws:kitchen:::pizza-Guests"}
    assert stack.outputs["OfOrders"].value == "arn:aws:kitchen:::pizza-Orders"


def test_loops_within_loops_and_within_properties() -> None:
    stack = load(
        EXTENDED
        + """
Resources:
  Fn::ForEach::Kitchens:
    - Kitchen
    - [A, B]
    - Fn::ForEach::Heats:
        - Heat
        - [1, 2]
        - ${Kitchen}${Heat}:
            Type: AWS::Kitchen::Oven
            Properties:
              Heat: !Ref Heat
              Labels:
                Fn::ForEach::Labels:
                  - Label
                  - [x, 'y-${Kitchen}']
                  - ${Label}: ${Kitchen}${Heat}
"""
    )

    made = resources_of(stack)
    assert list(made) == ["A1", "A2", "B1", "B2"]
    assert made["B2"].properties == {"Heat": 2, "Labels": {"x": "B2", "y-B": "B2"}}


def test_a_name_takes_what_a_logical_id_may_have_of_a_value() -> None:
    stack = load(
        EXTENDED
        + """
Resources:
  Fn::ForEach::Addresses:
    - Address
    - [10.0.0.1, 10.0.0.2]
    - Oven&{Address}: {Type: AWS::Kitchen::Oven, Properties: {Name: '&{Address}'}}
"""
    )

    assert {name: made.properties["Name"] for name, made in resources_of(stack).items()} == {
        "Oven10001": "10.0.0.1",
        "Oven10002": "10.0.0.2",
    }


def test_an_empty_collection_makes_nothing_and_conditions_may_be_made_too() -> None:
    stack = load(
        EXTENDED
        + """
Conditions:
  Fn::ForEach::Stages: [Stage, [Prod], {'Is${Stage}': !Equals [!Ref Stage, Dev]}]
Resources:
  Fn::ForEach::None: [Name, [], {'${Name}': {Type: AWS::Kitchen::Oven}}]
  Oven: {Type: AWS::Kitchen::Oven}
  Other: {Type: AWS::Kitchen::Oven, Condition: IsProd}
"""
    )

    assert list(resources_of(stack)) == ["Oven"]


def test_functions_of_sam_come_in_loops_too() -> None:
    stack = load(
        EXTENDED
        + """
Resources:
  Fn::ForEach::Services:
    - Name
    - [Users, Orders]
    - ${Name}Function:
        Type: AWS::Serverless::Function
        Properties: {Handler: index.handler, Runtime: python3.12, CodeUri: './services/${Name}'}
"""
    )

    assert resources_of(stack)["OrdersFunction"].properties["Code"] == "./services/Orders"


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("{Fn::Length: [a, b]}", 2),
        ("!Length [a, !Ref AWS::NoValue]", 1),
        ("!Length {Fn::Split: ['|', 'a|b|c']}", 3),
        ("!ToJsonString {a: [1, true, !Ref AWS::Region]}", '{"a":[1,true,"us-east-1"]}'),
        ("!ToJsonString [!GetAtt Stone.Arn]", '["arn:aws:kitchen:::pizza-Stone"]'),
        ("!FindInMap [Prices, basil, small, {DefaultValue: 9}]", 5),
        ("!FindInMap [Prices, cheese, small, {DefaultValue: 9}]", 9),
        ("!FindInMap [Prices, basil, large, {DefaultValue: !Ref AWS::Region}]", "us-east-1"),
        ("!FindInMap [Nothing, a, b, {DefaultValue: [a]}]", ["a"]),
        ("!FindInMap [Prices, !Select [0, !Split ['|', 'basil|x']], small]", 5),
    ],
)
def test_the_functions_of_the_extended_language(value: str, result: JSON) -> None:
    text = (
        "Mappings: {Prices: {basil: {small: 5}}}\nResources:\n  Stone: {Type: AWS::Kitchen::Oven}\n"
        f"  Oven: {{Type: AWS::Kitchen::Oven, Properties: {{Anything: {value}}}}}\n"
    )

    made = resources_of(load(EXTENDED + text))

    assert made["Oven"].properties["Anything"] == result


LOOP = EXTENDED + "Resources:\n  Oven: {Type: AWS::Kitchen::Oven}\n  Fn::ForEach::Ovens:\n"
BODY = "    - X${Name}: {Type: AWS::Kitchen::Oven}\n"


@pytest.mark.parametrize(
    ("template", "faults"),
    [
        (
            LOOP + "    - Name\n    - [a]\n",
            ["4:3: Fn::ForEach::Ovens layout is incorrect: [identifier, collection, object]"],
        ),
        (LOOP + "    - Name\n    - a\n" + BODY, ["6:7: Fn::ForEach::Ovens: a collection is a list of texts"]),
        (LOOP + "    - Name\n    - [[a]]\n" + BODY, ["6:7: Fn::ForEach::Ovens: a collection is a list of texts"]),
        (
            LOOP + "    - Name\n    - !Ref Oven\n" + BODY,
            ["6:7: Fn::ForEach::Ovens: a collection may refer to parameters, and Oven is none"],
        ),
        (
            LOOP + "    - Oven\n    - [a]\n" + BODY,
            ["5:7: Fn::ForEach::Ovens: the identifier Oven is the name of something else, too"],
        ),
        (
            LOOP + "    - Name\n    - [a, a]\n" + BODY,
            ["7:7: Duplicate key Xa of a loop; it comes of line 7 already"],
        ),
        (
            LOOP + "    - Name\n    - [a, b-c]\n" + BODY,
            ["7:7: Template format error: Resource name Xb-c is non alphanumeric."],
        ),
        (
            LOOP + "    - Name\n    - [a]\n    - X${Name}:\n        Type: AWS::Kitchen::Ovn\n",
            ["8:15: Xa: AWS::Kitchen::Ovn is not supported; did you mean AWS::Kitchen::Oven?"],
        ),
        (
            LOOP.replace("::Ovens", "") + "    - Name\n    - [a]\n" + BODY,
            ["4:3: Fn::ForEach: a loop is written as Fn::ForEach::Name, with letters and digits"],
        ),
        (
            LOOP.removeprefix(EXTENDED) + "    - Name\n    - [a]\n" + BODY,
            ["3:3: Fn::ForEach::Ovens needs Transform: AWS::LanguageExtensions"],
        ),
        (
            "Resources:\n  Oven:\n    Type: AWS::Kitchen::Oven\n    Properties:\n      Labels: {Fn::ForEach::A: [a]}"
            "\n      Heat: !Length [a]\n      Name: !FindInMap [a, b, c, {DefaultValue: d}]\n",
            [
                "5:15: Fn::ForEach::A needs Transform: AWS::LanguageExtensions",
                "6:13: Fn::Length needs Transform: AWS::LanguageExtensions",
                "7:13: Fn::FindInMap with a DefaultValue needs Transform: AWS::LanguageExtensions",
            ],
        ),
        (
            EXTENDED + "Resources:\n  Oven:\n    Type: AWS::Kitchen::Oven\n    Properties:\n"
            "      Heat: !Length a\n      Name: !ToJsonString a\n",
            [
                "6:13: Template error: every Fn::Length object requires a list, or a function that gives one",
                "7:13: Template error: every Fn::ToJsonString object requires an object or a list",
            ],
        ),
        (
            "Resources:\n  Oven: {Type: AWS::Kitchen::Oven}\nOutputs:\n  Fn::ForEach::A: [a, [b], {c: d}]\n",
            ["4:3: Fn::ForEach::A needs Transform: AWS::LanguageExtensions"],
        ),
    ],
)
def test_what_is_wrong_in_a_loop(template: str, faults: list[str]) -> None:
    assert faults_of(template) == faults


VALUES = f"[{', '.join(map(str, range(50)))}]"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (
            EXTENDED
            + "Resources:\n"
            + "".join(f"{'  ' * depth}  Fn::ForEach::L{depth}: [I{depth}, {VALUES}, {{\n" for depth in range(9))
            + f"{'  ' * 11}'X{''.join(f'i${{I{depth}}}' for depth in range(9))}': {{Type: AWS::Kitchen::Oven}}"
            + "}]" * 9,
            "loops come to more than 100000 values",
        ),
        (
            LOOP + f"    - Name\n    - [{'a' * 100_000}]\n    - X: {{Type: AWS::Kitchen::Oven, "
            f"Properties: {{Name: '{'${Name}' * 100_000}'}}}}\n",
            "the functions come to more than 10000000 characters",
        ),
        (
            f"Resources:\n  Oven:\n    Type: AWS::Kitchen::Oven\n    Properties:\n      Name: !Sub\n"
            f"        - {'${a}' * 100_000}\n        - {{a: {'b' * 100_000}}}\n",
            "the functions come to more than 10000000 characters",
        ),
        (
            f"Resources:\n  Oven:\n    Type: AWS::Kitchen::Oven\n    Properties:\n      Name: !Join\n"
            f"        - {'b' * 100_000}\n        - [{'a,' * 50_000}]\n",
            "the functions come to more than 10000000 characters",
        ),
        (
            EXTENDED + "Resources:\n  Flow:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n"
            f"      Role: r\n      Definition: {{a: '{'${a}' * 100_000}'}}\n"
            f"      DefinitionSubstitutions: {{a: {'b' * 100_000}}}\n",
            "the functions come to more than 10000000 characters",
        ),
    ],
    ids=["loops", "identifiers", "Sub", "Join", "substitutions"],
)
def test_a_template_that_grows_without_end_is_a_fault(template: str, fault: str) -> None:
    assert any(fault in told for told in faults_of(template))
