"""Intrinsic functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import pytest

from pizzabar.documents import JSON
from tests.cloudformation.kitchen import load, resources_of

TEMPLATE = """
Parameters:
  Topping: {{Type: String, Default: basil}}
  Count: {{Type: Number, Default: 3}}
  Sizes: {{Type: CommaDelimitedList, Default: 'small, large'}}
Conditions:
  IsBasil: !Equals [!Ref Topping, basil]
  IsCheese: !Equals [!Ref Topping, cheese]
Mappings:
  Prices:
    basil: {{small: 5, sizes: [small, large]}}
    us-east-1: {{small: '7'}}
Resources:
  Stone: {{Type: AWS::Kitchen::Oven, Properties: {{Name: stone}}}}
  Oven:
    Type: AWS::Kitchen::Oven
    Properties:
      Heat: 200
      Anything: {value}
"""

NOTHING = object()
VALUES: list[tuple[str, JSON]] = [
    # intrinsic-function-reference-ref.html
    ("!Ref Topping", "basil"),
    ("{Ref: Topping}", "basil"),
    ("!Ref Count", "3"),
    ("!Ref Sizes", ["small", "large"]),
    ("!Ref Stone", "stone"),
    # pseudo-parameter-reference.html
    ("!Ref AWS::Region", "us-east-1"),
    ("!Ref AWS::AccountId", "123456789012"),
    ("!Ref AWS::Partition", "aws"),
    ("!Ref AWS::URLSuffix", "amazonaws.com"),
    ("!Ref AWS::StackName", "pizza"),
    ("!Ref AWS::NotificationARNs", []),
    ("!Ref AWS::NoValue", NOTHING),
    ("[a, !Ref AWS::NoValue, b]", ["a", "b"]),
    ("{a: 1, b: !Ref AWS::NoValue}", {"a": 1}),
    # intrinsic-function-reference-getatt.html
    ("!GetAtt Stone.Arn", "arn:aws:kitchen:::stone"),
    ("!GetAtt [Stone, Arn]", "arn:aws:kitchen:::stone"),
    ("{Fn::GetAtt: [Stone, Arn]}", "arn:aws:kitchen:::stone"),
    ("{Fn::GetAtt: Stone.Arn}", "arn:aws:kitchen:::stone"),
    # intrinsic-function-reference-sub.html
    ("!Sub '${Topping} on ${Stone}'", "basil on stone"),
    ("!Sub '${Stone.Arn}'", "arn:aws:kitchen:::stone"),
    ("!Sub '${AWS::StackName}-Orders'", "pizza-Orders"),
    ("!Sub ['${A}${Topping}', {A: !Ref Count}]", "3basil"),
    ("!Sub ['${Topping}', {Topping: cheese}]", "cheese"),
    ("!Sub '${!Topping}'", "${Topping}"),
    ("!Sub '$context.stage $ {x} $$ ${Count}'", "$context.stage $ {x} $$ 3"),
    ("{Fn::Sub: plain}", "plain"),
    # intrinsic-function-reference-join.html
    ("!Join ['/', [integrations, !Ref Stone]]", "integrations/stone"),
    ("!Join ['', []]", ""),
    ("!Join [',', !Ref Sizes]", "small,large"),
    ("!Join ['-', [1, true, a]]", "1-true-a"),
    ("!Join ['-', [a, !Ref AWS::NoValue, b]]", "a-b"),
    # intrinsic-function-reference-select.html
    ("!Select [1, [a, b]]", "b"),
    ("!Select ['0', !Ref Sizes]", "small"),
    # intrinsic-function-reference-split.html
    ("!Split ['|', 'a||b']", ["a", "", "b"]),
    ("!Select [5, !Split [':', !GetAtt Stone.Arn]]", "stone"),
    # intrinsic-function-reference-findinmap.html
    ("!FindInMap [Prices, !Ref Topping, small]", 5),
    ("!FindInMap [Prices, !Ref AWS::Region, small]", "7"),
    ("!FindInMap [Prices, basil, sizes]", ["small", "large"]),
    # intrinsic-function-reference-base64.html
    ("!Base64 valid", "dmFsaWQ="),
    ("{Fn::Base64: !Sub '${Topping}'}", "YmFzaWw="),
    # intrinsic-function-reference-conditions.html
    ("!If [IsBasil, green, white]", "green"),
    ("!If [IsCheese, green, white]", "white"),
    ("!If [IsCheese, green, !Ref AWS::NoValue]", NOTHING),
    ("!If [IsBasil, {a: !Ref Topping}, []]", {"a": "basil"}),
    ("!If [IsBasil, yes, !FindInMap [Prices, none, none]]", True),
    # Not functions: an IAM policy's condition, and an object that merely has one of their names.
    ("{Condition: IsBasil}", {"Condition": "IsBasil"}),
    ("{Ref: Topping, Other: 1}", {"Ref": "Topping", "Other": 1}),
]


@pytest.mark.parametrize(("written", "value"), VALUES, ids=[written for written, _ in VALUES])
def test_a_function_gives_its_value(written: str, value: JSON) -> None:
    oven = resources_of(load(TEMPLATE.format(value=written)))["Oven"]

    expected = {"Heat": 200} if value is NOTHING else {"Heat": 200, "Anything": value}
    assert oven.properties == expected


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("!Equals [!Ref Count, 3]", True),
        ("!Equals ['3', '3.0']", False),
        ("!Equals [true, 'true']", True),
        ("!Not [!Equals [a, b]]", True),
        ("!And [!Equals [a, a], !Equals [a, b]]", False),
        ("!Or [!Equals [a, a], !Equals [a, b]]", True),
        ("!Or [!Condition Sure, !Condition Sure]", True),
        ("{Condition: Sure}", True),
        ("!Equals [!FindInMap [Places, !Ref AWS::Region, name], here]", True),
        ("!Equals [!Sub '${Count}', !Select [0, ['3']]]", True),
    ],
)
def test_a_condition_decides_whether_a_resource_is_created(condition: str, holds: bool) -> None:
    stack = load(
        f"""
Parameters: {{Count: {{Type: Number, Default: 3}}}}
Mappings: {{Places: {{us-east-1: {{name: here}}}}}}
Conditions:
  Wanted: {condition}
  Sure: !Equals [a, a]
Resources:
  Oven: {{Type: AWS::Kitchen::Oven, Condition: Wanted}}
  Stone: {{Type: AWS::Kitchen::Oven, DependsOn: Oven}}
Outputs:
  Name: {{Condition: Wanted, Value: !Ref Oven}}
"""
    )

    assert ("Oven" in resources_of(stack)) is holds
    assert ("Name" in stack.outputs) is holds


def test_the_stack_id_is_an_arn_that_stays_the_same() -> None:
    text = "Resources: {Oven: {Type: AWS::Kitchen::Oven, Properties: {Name: !Ref AWS::StackId}}}"

    first, second = load(text), load(text)

    name = first.resources[0].properties["Name"]
    assert name.startswith("arn:aws:cloudformation:us-east-1:123456789012:stack/pizza/")
    assert second.resources[0].properties["Name"] == name
