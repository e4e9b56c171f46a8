"""What a template comes to."""

import random

import pytest

from pizzabar.cloudformation.dependencies import in_creation_order, with_last
from pizzabar.cloudformation.stack import Output
from pizzabar.documents import JSON
from tests.cloudformation.kitchen import faults_of, load, resources_of


def test_resources_come_after_those_that_they_refer_to() -> None:
    stack = load(
        """
Resources:
  A: {Type: AWS::Kitchen::Oven, Properties: {Name: !Sub 'a-${C}'}}
  B: {Type: AWS::Kitchen::Oven, DependsOn: [D]}
  C: {Type: AWS::Kitchen::Oven, Properties: {Name: !GetAtt D.Arn}}
  D: {Type: AWS::Kitchen::Oven}
  E: {Type: AWS::Kitchen::Oven}
"""
    )

    assert [resource.logical_id for resource in stack.resources] == ["D", "C", "A", "B", "E"]
    assert resources_of(stack)["A"].properties["Name"] == "a-arn:aws:kitchen:::pizza-D"


def test_a_branch_that_is_not_taken_makes_no_circle() -> None:
    stack = load(
        """
Conditions: {Never: !Equals [a, b]}
Resources:
  A: {Type: AWS::Kitchen::Oven, Properties: {Name: !If [Never, !Ref B, a]}}
  B: {Type: AWS::Kitchen::Oven, Properties: {Name: !Ref A}}
"""
    )

    assert [resource.properties["Name"] for resource in stack.resources] == ["a", "a"]


def test_values_take_the_type_of_their_property() -> None:
    stack = load(
        """
Parameters: {Heat: {Type: Number, Default: 200}}
Resources:
  Oven:
    Type: AWS::Kitchen::Oven
    Properties:
      Name: 123
      Heat: !Ref Heat
      IsHot: 'true'
      Racks: [1, 2.5, false]
      Labels: {a: 1}
      Recipe: {a: 1, b: 'true'}
"""
    )

    assert stack.resources[0].properties == {
        "Name": "123",
        "Heat": 200,
        "IsHot": True,
        "Racks": ["1", "2.5", "false"],
        "Labels": {"a": "1"},
        "Recipe": {"a": 1, "b": "true"},
    }


def test_a_stack_has_outputs_and_parameters() -> None:
    stack = load(
        """
Description: Pizza
Parameters:
  Stage: {Type: String, AllowedValues: [api, prod], Default: api}
  Sizes: {Type: CommaDelimitedList, Default: 'a,b'}
Resources:
  Oven: {Type: AWS::Kitchen::Oven}
Outputs:
  Address: {Description: Where, Value: !Sub '${Oven}/${Stage}', Export: {Name: !Sub '${AWS::StackName}-A'}}
  Count: {Value: 3}
""",
        parameters={"Stage": "prod"},
    )

    assert (stack.name, stack.description) == ("pizza", "Pizza")
    assert stack.parameters == {"Stage": "prod", "Sizes": ["a", "b"]}
    assert stack.outputs == {
        "Address": Output("pizza-Oven/prod", "Where", "pizza-A"),
        "Count": Output("3"),
    }


def test_what_has_no_effect_is_listed_with_its_place_and_why() -> None:
    stack = load(
        "Resources:\n  Oven:\n    Type: AWS::Kitchen::Oven\n"
        "    DeletionPolicy: Retain\n    Properties:\n      Colour: red\n"
    )

    assert stack.without_effect == (
        ("template.yaml:4:5: Oven.DeletionPolicy", "data lives as long as the state that pizzabar keeps"),
        ("template.yaml:6:7: Oven.Colour", "nobody looks"),
    )
    assert stack.resources[0].properties == {"Colour": "red"}


def test_what_has_no_effect_is_held_to_its_shape() -> None:
    [told] = faults_of("Resources:\n  Oven:\n    Type: AWS::Kitchen::Oven\n    Properties: {Colour: [red]}\n")

    assert told.startswith("4:18: ")
    assert told.endswith("#/Colour: expected type: String, found: JSONArray")


def test_a_role_is_referred_to_by_name_and_arn() -> None:
    stack = load(
        """
Resources:
  Cook:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: []}, Path: /kitchen/}
Outputs:
  Name: {Value: !Ref Cook}
  Arn: {Value: !GetAtt Cook.Arn}
"""
    )

    assert stack.outputs == {
        "Name": Output("pizza-Cook"),
        "Arn": Output("arn:aws:iam::123456789012:role/kitchen/pizza-Cook"),
    }
    assert stack.resources[0].properties["AssumeRolePolicyDocument"] == {"Version": "2012-10-17", "Statement": []}


def test_creation_order_keeps_every_dependency_and_finds_every_circle() -> None:
    chance = random.Random(7)
    for _ in range(200):
        names = [str(number) for number in range(chance.randrange(1, 12))]
        dependencies = {name: chance.sample(names, chance.randrange(min(3, len(names)))) for name in names}

        groups = in_creation_order(dependencies)

        place = {name: index for index, group in enumerate(groups) for name in group}
        assert sorted(place) == sorted(names)
        assert all(place[other] <= place[name] for name in names for other in dependencies[name])
        assert all(_reaches(dependencies, one, other) for group in groups for one in group for other in group)


def test_a_chain_may_be_as_long_as_a_template() -> None:
    chain: dict[str, list[str]] = {str(number): [str(number + 1)] for number in range(5000)}
    chain["5000"] = []

    assert in_creation_order(chain)[0] == ["5000"]


@pytest.mark.parametrize(
    ("properties", "is_faulty"),
    [
        ("{Recipe: [" + "!Ref Ovn, " * 30_000 + "]}", True),
        ("{Recipe: [" + ", ".join(f"!Ref Ovn{number}" for number in range(20_000)) + "]}", True),
        ("{Name: !Sub '" + "${" * 300_000 + "'}", False),
        ("{Name: !Sub '" + "${A}" * 200_000 + "'}", True),
        ("{Name: '" + "{{resolve:" * 80_000 + "'}", True),
    ],
    ids=["one unknown", "many unknown", "open braces", "variables", "dynamic"],
)
def test_a_large_template_is_read_to_its_end(properties: str, is_faulty: bool) -> None:
    faults = faults_of(f"Resources: {{Oven: {{Type: AWS::Kitchen::Oven, Properties: {properties}}}}}")

    assert bool(faults) == is_faulty


def _reaches(dependencies: dict[str, list[str]], start: str, goal: str) -> bool:
    seen, open_ = {start}, [start]
    while open_:
        for other in dependencies[open_.pop()]:
            if other not in seen:
                seen.add(other)
                open_.append(other)
    return goal in seen


def test_a_parameter_that_is_not_to_be_shown_is_not_shown_and_works() -> None:
    stack = load(
        """
Parameters:
  Secret: {Type: String, NoEcho: true}
  Open: {Type: String, NoEcho: 'false', Default: b}
Resources:
  Oven: {Type: AWS::Kitchen::Oven, Properties: {Name: !Ref Secret}}
""",
        parameters={"Secret": "basil"},
    )

    assert stack.parameters == {"Secret": "****", "Open": "b"}
    assert stack.resources[0].properties == {"Name": "basil"}


@pytest.mark.parametrize(
    ("type", "given", "value"),
    [
        ("String", "a, b", "a, b"),
        ("Number", "4.5", "4.5"),
        ("List<Number>", "1, 2.5", ["1", "2.5"]),
        ("CommaDelimitedList", "a, b", ["a", "b"]),
        ("AWS::EC2::VPC::Id", "vpc-1", "vpc-1"),
        ("List<AWS::EC2::Subnet::Id>", "a,b", ["a", "b"]),
    ],
)
def test_the_types_of_parameters(type: str, given: str, value: JSON) -> None:
    text = f"Parameters: {{P: {{Type: '{type}'}}}}\nResources: {{A: {{Type: AWS::Kitchen::Oven}}}}"

    assert load(text, parameters={"P": given}).parameters == {"P": value}


@pytest.mark.parametrize(
    ("rules", "given", "fault"),
    [
        ("AllowedValues: [dev, prod]", "test", "Parameter 'P' must be one of AllowedValues"),
        ("AllowedPattern: '[a-z]+'", "Dev", "Parameter 'P' must match pattern [a-z]+"),
        ("MinLength: 4", "dev", "Parameter 'P' must contain at least 4 characters"),
        ("MaxLength: 2", "dev", "Parameter 'P' must contain at most 2 characters"),
        (
            "AllowedPattern: '[a-z]+', ConstraintDescription: small letters",
            "Dev",
            "Parameter P failed to satisfy constraint: small letters",
        ),
        ("NoEcho: true, AllowedPattern: '[a-z]+'", "Dev", "Parameter 'P' must match pattern [a-z]+"),
    ],
)
def test_a_given_value_breaks_a_rule(rules: str, given: str, fault: str) -> None:
    text = f"Parameters: {{P: {{Type: String, {rules}}}}}\nResources: {{A: {{Type: AWS::Kitchen::Oven}}}}"

    assert faults_of(text, parameters={"P": given}) == [f"1:14: {fault}"]


@pytest.mark.parametrize(
    ("dependencies", "last", "order"),
    [
        ({"a": [], "b": [], "c": []}, [], "abc"),
        ({"a": [], "b": [], "c": []}, ["a"], "bca"),
        ({"a": [], "b": ["a"], "c": []}, ["a"], "cab"),
        ({"a": [], "b": ["a"], "c": ["b"], "d": []}, ["a"], "dabc"),
        ({"a": [], "b": []}, ["a", "b"], "ab"),
        ({"a": ["b"], "b": ["a"], "c": []}, ["a"], "bca"),
    ],
)
def test_some_come_after_all_that_does_not_wait_for_them(
    dependencies: dict[str, list[str]], last: list[str], order: str
) -> None:
    names = [name for group in in_creation_order(dependencies) for name in group]

    assert "".join(with_last(names, dependencies, last)) == order
