"""What is wrong in a template is told with its line, in the words of CloudFormation, and all at once."""

import pytest

from tests.cloudformation.kitchen import faults_of, load

OVEN = "Resources:\n  Oven:\n    Type: AWS::Kitchen::Oven\n"
PROPERTIES = OVEN + "    Properties:\n"
SAM = "Transform: AWS::Serverless-2016-10-31\n"
FUNCTION = SAM + "Resources:\n  Bake:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: ./src\n"
MACHINE = SAM + "Resources:\n  Flow:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n"
SHAPE = "Properties validation failed for resource Oven with message: "

FAULTS: dict[str, tuple[str, str]] = {
    # The text.
    "empty": ("", "1:1: Template format error: At least one Resources member must be defined."),
    "no object": ("[]", "1:1: Template format error: unsupported structure."),
    "not YAML": (
        "Resources:\n  Oven: [",
        "3:1: Template format error: YAML not well-formed: did not find expected node content",
    ),
    "control character": (
        "a: \0",
        "1:4: Template format error: YAML not well-formed: control characters are not allowed",
    ),
    "two documents": (
        OVEN + "---\na: 1",
        "4:1: Template format error: the file holds more than one document",
    ),
    "too large": (
        OVEN + "#" * 1_000_000,
        "1:1: Template may not exceed 1000000 bytes in size.",
    ),
    "too deep": (
        "[" * 200,
        "1:101: Template format error: values are nested more than 100 levels deep",
    ),
    "duplicate name": (
        PROPERTIES + "      Name: a\n      Heat: 1\n      Name: b\n",
        "7:7: Duplicate key Name; it stands on line 5 already",
    ),
    "unknown tag": (
        PROPERTIES + "      Name: !Subb a\n",
        "5:13: Unknown tag !Subb; did you mean !Sub?",
    ),
    "unsupported tag of YAML": (
        PROPERTIES + "      Name: !!binary a\n",
        "5:13: The tag !!binary is not supported",
    ),
    "wrong tag of YAML": (
        PROPERTIES + "      Heat: !!int hot\n",
        "5:13: Template format error: 'hot' is no !!int",
    ),
    "null": (
        PROPERTIES + "      Recipe:\n        Bake: [1, ~]\n",
        "6:19: [/Resources/Oven/Properties/Recipe/Bake/1] 'null' values are not allowed in templates",
    ),
    "null for properties": (
        PROPERTIES,
        "4:16: [/Resources/Oven/Properties] 'null' values are not allowed in templates",
    ),
    "number for a name": (
        PROPERTIES + "      Labels: {1: one}\n",
        "5:16: Template format error: [/Resources/Oven/Properties/Labels] map keys must be strings; "
        "received numeric [1] instead; put it in quotes",
    ),
    "map for a name": (
        PROPERTIES + "      Labels:\n        !Sub a: b\n",
        "6:9: Template format error: [/Resources/Oven/Properties/Labels] map keys must be strings; "
        "received a map instead",
    ),
    "unknown alias": (
        PROPERTIES + "      Name: *other\n",
        "5:13: Template format error: unknown alias other",
    ),
    "tab": (
        "Resources:\n\tOven: a",
        "2:1: Template format error: YAML not well-formed: found character that cannot start any token",
    ),
    "text without an end": (
        PROPERTIES + "      Name: 'a\n",
        "6:1: Template format error: YAML not well-formed: found unexpected end of stream",
    ),
    "alias of itself": (
        PROPERTIES + "      Recipe: &recipe [*recipe]\n",
        "5:24: Template format error: unknown alias recipe",
    ),
    "merge of a text": (
        PROPERTIES + "      <<: a\n",
        "5:11: Template format error: << takes an object or a list of objects",
    ),
    # JSON: line and column are those of its own text.
    "JSON without an end": (
        '{"Resources": {\n "Oven": {',
        "3:1: Template format error: JSON not well-formed: did not find expected node content",
    ),
    "JSON without a comma": (
        '{"Resources": {\n "A": {"Type": "AWS::Kitchen::Oven"}\n "B": {}}}',
        "3:2: Template format error: JSON not well-formed: did not find expected ',' or '}'",
    ),
    "duplicate name in JSON": (
        '{"Resources": {\n\t"A": {"Type": "AWS::Kitchen::Oven"},\n\t"A": {"Type": "AWS::Kitchen::Oven"}}}',
        "3:2: Duplicate key A; it stands on line 2 already",
    ),
    "unknown type in JSON": (
        '{"Resources": {\n\t"A": {"Type": "AWS::SNS::Topic"}}}',
        "2:16: A: AWS::SNS::Topic is not supported",
    ),
    "unknown property in JSON": (
        '{"Resources": {"Oven": {"Type": "AWS::Kitchen::Oven",\n "Properties": {"Nmae": "a"}}}}',
        "2:17: " + SHAPE + "#: extraneous key [Nmae] is not permitted; did you mean Name?",
    ),
    "unknown function in JSON": (
        '{"Resources": {"Oven": {"Type": "AWS::Kitchen::Oven",\n "Properties": {"Name": {"Fn::Cidr": []}}}}}',
        "2:25: Fn::Cidr is not supported",
    ),
    "null in JSON": (
        '{"Resources": {"Oven": {"Type": "AWS::Kitchen::Oven",\n "Properties": {"Name": null}}}}',
        "2:25: [/Resources/Oven/Properties/Name] 'null' values are not allowed in templates",
    ),
    # Sections: template-anatomy.html
    "unsupported section": (
        "Hooks: {}\n" + OVEN,
        "1:1: The section Hooks is not supported",
    ),
    "rules": (
        "Rules: [a]\n" + OVEN,
        "1:1: Template format error: Rules must be an object",
    ),
    "description": (
        "Description: [a]\n" + OVEN,
        "1:1: Template format error: Description must be a string.",
    ),
    "resource that is no object": (
        OVEN + "  Stone: 5\n",
        "4:3: Template format error: [/Resources/Stone] resource definition is malformed",
    ),
    "type that is no text": (
        OVEN + "  Stone: {Type: [a]}\n",
        "4:11: Template format error: [/Resources/Stone/Type] Type must be a string",
    ),
    "properties that are no object": (
        OVEN + "    Properties: a\n",
        "4:5: Template format error: [/Resources/Oven/Properties] Properties must be an object",
    ),
    "condition that is no text": (
        OVEN + "    Condition: [a]\n",
        "4:5: Template format error: [/Resources/Oven/Condition] Condition must be a string",
    ),
    "DependsOn that is no text": (
        OVEN + "    DependsOn: {a: b}\n",
        "4:5: Template format error: DependsOn must be a string or list of strings.",
    ),
    # Mappings: mappings-section-structure.html
    "mapping of texts": (
        "Mappings:\n  Prices: {basil: 5}\n" + OVEN,
        "2:12: Template format error: Every Mappings attribute must be a map of maps: Prices",
    ),
    "mapping of objects": (
        "Mappings:\n  Prices: {basil: {small: {a: 5}}}\n" + OVEN,
        "2:20: Template format error: Every Mappings attribute must be a String or a List.",
    ),
    "no resources": (
        "Description: none",
        "1:1: Template format error: At least one Resources member must be defined.",
    ),
    "empty resources": (
        "Description: none\nResources: {}",
        "2:1: Template format error: At least one Resources member must be defined.",
    ),
    "unknown section": (
        OVEN + "Output: {}",
        "4:1: Invalid template property or properties [Output]; did you mean Outputs?",
    ),
    "format version": (
        "AWSTemplateFormatVersion: 2012-10-17\n" + OVEN,
        "1:27: Template format error: 2012-10-17 is not a supported value for AWSTemplateFormatVersion.",
    ),
    "unknown transform": (
        "Transform: AWS::Include\n" + OVEN,
        "1:12: The transform AWS::Include is not supported",
    ),
    "globals without SAM": (
        "Globals: {}\n" + OVEN,
        "1:1: Invalid template property or properties [Globals] without Transform: AWS::Serverless-2016-10-31",
    ),
    # Resources
    "resource name": (
        "Resources:\n  My-Oven: {Type: AWS::Kitchen::Oven}",
        "2:3: Template format error: Resource name My-Oven is non alphanumeric.",
    ),
    "no type": (
        "Resources:\n  Oven: {}",
        "2:3: Template format error: [/Resources/Oven] Every Resources object must contain a Type member.",
    ),
    "unknown type": (
        "Resources:\n  Receipts:\n    Type: AWS::SNS::Topic",
        "3:11: Receipts: AWS::SNS::Topic is not supported",
    ),
    "mistaken type": (
        "Resources:\n  Oven:\n    Type: AWS::Kitchn::Oven",
        "3:11: Oven: AWS::Kitchn::Oven is not supported; did you mean AWS::Kitchen::Oven?",
    ),
    "SAM type without SAM": (
        "Resources:\n  Bake:\n    Type: AWS::Serverless::Function",
        "3:11: Bake: AWS::Serverless::Function is not supported without Transform: AWS::Serverless-2016-10-31",
    ),
    "unknown attribute": (
        OVEN + "    Propertys: {}",
        "4:5: Oven: Invalid template resource property 'Propertys'; did you mean Properties?",
    ),
    "unknown condition": (
        OVEN + "    Condition: Hot",
        "4:16: Template format error: Unresolved condition dependency Hot in the Resources block of the template",
    ),
    "unknown DependsOn": (
        OVEN + "    DependsOn: [Ovn]",
        "4:17: Template format error: Unresolved resource dependencies [Ovn] in the Resources block of the "
        "template; did you mean Oven?",
    ),
    "depends on itself": (
        PROPERTIES + "      Name: !GetAtt Oven.Arn",
        "2:3: Circular dependency between resources: [Oven]",
    ),
    "circle": (
        OVEN + "    DependsOn: B\n  B: {Type: AWS::Kitchen::Oven, Properties: {Name: !Sub 'a${Oven}'}}",
        "2:3: Circular dependency between resources: [Oven, B]",
    ),
    # Properties
    "unknown property": (
        PROPERTIES + "      Heta: 3",
        "5:7: " + SHAPE + "#: extraneous key [Heta] is not permitted; did you mean Heat?",
    ),
    "text wanted": (
        PROPERTIES + "      Name: [a]",
        "5:7: " + SHAPE + "#/Name: expected type: String, found: JSONArray",
    ),
    "number wanted": (
        PROPERTIES + "      Heat: hot",
        "5:13: " + SHAPE + "#/Heat: expected type: Integer, found: String",
    ),
    "number too small": (PROPERTIES + "      Heat: -1", "5:13: " + SHAPE + "#/Heat: -1 is not greater or equal to 0"),
    "number too large": (
        PROPERTIES + "      Heat: '501'",
        "5:13: " + SHAPE + "#/Heat: 501 is not less or equal to 500",
    ),
    "boolean wanted": (
        PROPERTIES + "      IsHot: 1",
        "5:14: " + SHAPE + "#/IsHot: expected type: Boolean, found: Integer",
    ),
    "list wanted": (
        PROPERTIES + "      Racks: a",
        "5:14: " + SHAPE + "#/Racks: expected type: JSONArray, found: String",
    ),
    "object wanted": (
        PROPERTIES + "      Labels: a",
        "5:15: " + SHAPE + "#/Labels: expected type: JSONObject, found: String",
    ),
    "choice": (
        PROPERTIES + "      Fuel: COAL",
        "5:13: " + SHAPE + "#/Fuel: COAL is not a valid enum value; valid are WOOD, GAS",
    ),
    "member of a list": (
        PROPERTIES + "      Racks:\n        - a\n        - {b: 1}",
        "7:11: " + SHAPE + "#/Racks/1: expected type: String, found: JSONObject",
    ),
    "required": (
        PROPERTIES + "      Door:\n        Width: 3",
        "5:7: " + SHAPE + "#/Door: required key [Side] not found",
    ),
    "wrong by the branch taken": (
        "Conditions:\n  Sure: !Equals [a, a]\n"
        + PROPERTIES
        + "      Heat: !If\n        - Sure\n        - hot\n        - 3",
        "9:11: " + SHAPE + "#/Heat: expected type: Integer, found: String",
    ),
    "the type's own check": (
        "Resources:\n  Orders:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      KeySchema: []\n"
        "      AttributeDefinitions:\n        - AttributeName: id\n        - AttributeName: ''\n",
        "8:11: Orders: /AttributeDefinitions[1]/AttributeName: must not be empty",
    ),
    # Functions
    "unknown Ref": (
        PROPERTIES + "      Name: !Ref AWS::Regoin",
        "5:13: Template format error: Unresolved resource dependencies [AWS::Regoin] in the Resources block of "
        "the template; did you mean AWS::Region?",
    ),
    "unknown name in Sub": (
        PROPERTIES + "      Name: !Sub 'a${Stne}'\n  Stone: {Type: AWS::Kitchen::Oven}",
        "5:13: Template format error: Unresolved resource dependencies [Stne] in the Resources block of the "
        "template; did you mean Stone?",
    ),
    "unknown GetAtt": (
        PROPERTIES + "      Name: !GetAtt Bus.Arn",
        "5:13: Template error: instance of Fn::GetAtt references undefined resource Bus",
    ),
    "unknown attribute in GetAtt": (
        PROPERTIES + "      Name: !GetAtt B.Arm\n  B: {Type: AWS::Kitchen::Oven}",
        "5:13: Template error: resource B does not support attribute type Arm in Fn::GetAtt; did you mean Arn?",
    ),
    "GetAtt without attribute": (
        PROPERTIES + "      Name: !GetAtt Oven",
        "5:13: Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and "
        "the resource attribute",
    ),
    "Ref of a list": (
        PROPERTIES + "      Name: !Ref [a]",
        "5:13: Template error: every Ref object must have a single String value.",
    ),
    "Sub of an object": (
        PROPERTIES + "      Name: !Sub {a: b}",
        "5:13: Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify "
        "a string as first argument, and an optional second argument to specify a mapping of values to replace "
        "in the string",
    ),
    "name in Sub": (
        PROPERTIES + "      Name: !Sub '${a b}'",
        "5:13: Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
        "underscores, periods, and colons",
    ),
    "list in Sub": (
        PROPERTIES + "      Name: !Sub '${AWS::NotificationARNs}'",
        "5:13: Template error: variable AWS::NotificationARNs in Fn::Sub expression does not resolve to a string",
    ),
    "Join": (
        PROPERTIES + "      Name: !Join [a, b]",
        "5:13: Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a "
        "list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be "
        "joined.",
    ),
    "Select beyond the end": (
        PROPERTIES + "      Name: !Select [2, [a, b]]",
        "5:13: Template error: Fn::Select cannot select nonexistent value at index 2",
    ),
    "Split": (
        PROPERTIES + "      Racks: !Split [a]",
        "5:14: Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a "
        "string to be split or a function that returns a string to be split.",
    ),
    "FindInMap without the map": (
        PROPERTIES + "      Name: !FindInMap [A, b, c]",
        "5:13: Template error: Mapping named 'A' is not present in the 'Mappings' section of template.",
    ),
    "FindInMap without the key": (
        "Mappings: {A: {b: {c: d}}}\n" + PROPERTIES + "      Name: !FindInMap [A, b, x]",
        "6:13: Template error: Unable to get mapping for A::b::x",
    ),
    "If without condition": (
        PROPERTIES + "      Name: !If [Hot, a, b]",
        "5:13: Template error: unresolved condition dependency Hot in Fn::If",
    ),
    "If of two": (
        PROPERTIES + "      Name: !If [Hot, a]",
        "5:13: Template error: Fn::If requires a list argument with three elements",
    ),
    "unsupported function": (
        PROPERTIES + "      Name: !ImportValue other",
        "5:13: Fn::ImportValue is not supported",
    ),
    "unknown function": (
        PROPERTIES + "      Name: {Fn::Concat: [a]}",
        "5:13: Template error: Encountered unsupported function: Fn::Concat Supported functions are: [Fn::And, "
        "Fn::Base64, Fn::Equals, Fn::FindInMap, Fn::GetAtt, Fn::If, Fn::Join, Fn::Length, Fn::Not, Fn::Or, "
        "Fn::Select, Fn::Split, Fn::Sub, Fn::ToJsonString]",
    ),
    "condition function in a property": (
        PROPERTIES + "      IsHot: !Equals [a, b]",
        "5:14: Fn::Equals has a value in the Conditions section only; name the condition with Fn::If",
    ),
    "function among names": (
        PROPERTIES + "      Recipe: {a: b, Fn::Sub: c}",
        "5:22: Fn::Sub must stand alone in its object",
    ),
    "dynamic reference": (
        PROPERTIES + "      Name: '{{resolve:ssm:oven}}'",
        "5:13: Dynamic references ({{resolve:…}}) are not supported",
    ),
    # Parameters: parameters-section-structure.html
    "parameter without value": (
        "Parameters:\n  Stage:\n    Type: String\n" + OVEN,
        "2:3: Parameters: [Stage] must have values",
    ),
    "parameter type": (
        "Parameters:\n  Stage: {Type: Strng, Default: a}\n" + OVEN,
        "2:11: Template format error: Unrecognized parameter type: Strng; did you mean String?",
    ),
    "name of a parameter of SSM": (
        "Parameters:\n  A: {Type: 'AWS::SSM::Parameter::Value<String>', Default: a, AllowedPattern: /.*}\n" + OVEN,
        "2:51: Parameter 'A' must match pattern /.*",
    ),
    "type of a parameter of SSM": (
        "Parameters:\n  A: {Type: 'AWS::SSM::Parameter::Value<Number>', Default: a}\n" + OVEN,
        "2:7: Template format error: Unrecognized parameter type: AWS::SSM::Parameter::Value<Number>",
    ),
    "allowed values": (
        "Parameters:\n  Stage:\n    Type: String\n    Default: c\n    AllowedValues: [a, b]\n" + OVEN,
        "4:5: Parameter 'Stage' must be one of AllowedValues",
    ),
    "allowed pattern": (
        "Parameters:\n  Stage: {Type: String, Default: a1, AllowedPattern: '[a-z]+'}\n" + OVEN,
        "2:25: Parameter 'Stage' must match pattern [a-z]+",
    ),
    "constraint description": (
        "Parameters:\n  S: {Type: String, Default: a, MinLength: 2, ConstraintDescription: longer}\n" + OVEN,
        "2:21: Parameter S failed to satisfy constraint: longer",
    ),
    "too short": (
        "Parameters:\n  S: {Type: String, Default: a, MinLength: 2}\n" + OVEN,
        "2:21: Parameter 'S' must contain at least 2 characters",
    ),
    "parameter not a number": (
        "Parameters:\n  S: {Type: Number, Default: a}\n" + OVEN,
        "2:21: Parameter 'S' must be a number.",
    ),
    "parameter too large": (
        "Parameters:\n  S: {Type: Number, Default: 5, MaxValue: 4}\n" + OVEN,
        "2:21: Parameter 'S' must be a number not greater than 4",
    ),
    "parameter too long": (
        "Parameters:\n  S: {Type: String, Default: abc, MaxLength: 2}\n" + OVEN,
        "2:21: Parameter 'S' must contain at most 2 characters",
    ),
    "parameter too small": (
        "Parameters:\n  S: {Type: Number, Default: -1, MinValue: 0}\n" + OVEN,
        "2:21: Parameter 'S' must be a number not less than 0",
    ),
    "member of a list of numbers": (
        "Parameters:\n  S: {Type: List<Number>, Default: '1, b'}\n" + OVEN,
        "2:27: Parameter 'S' must be a number.",
    ),
    "pattern that is none": (
        "Parameters:\n  S: {Type: String, Default: a, AllowedPattern: '['}\n" + OVEN,
        "2:33: Parameter 'S' has no valid AllowedPattern: unterminated character set at position 0",
    ),
    "unknown attribute of a parameter": (
        "Parameters:\n  S: {Type: String, Default: a, Defualt: b}\n" + OVEN,
        "2:33: Invalid template parameter property 'Defualt'; did you mean Default?",
    ),
    "parameter and resource of one name": (
        "Parameters:\n  Oven: {Type: String, Default: a}\n" + OVEN,
        "4:3: Template format error: the template has a parameter Oven, too",
    ),
    # Conditions: conditions-section-structure.html
    "Equals of one": (
        "Conditions:\n  A: !Equals [a]\n" + OVEN,
        "2:6: Template error: Fn::Equals requires a list argument with two elements",
    ),
    "Not of two": (
        "Conditions:\n  A: !Not [!Equals [a, a], !Equals [a, a]]\n" + OVEN,
        "2:6: Template error: Fn::Not requires a list argument with one element",
    ),
    "Equals of a list": (
        "Conditions:\n  A: !Equals [[a], a]\n" + OVEN,
        "2:15: Template error: every Fn::Equals object compares two strings",
    ),
    "unknown condition in a condition": (
        "Conditions:\n  A: !Not [!Condition B]\n" + OVEN,
        "2:12: Template error: unresolved condition dependency B",
    ),
    "resource in a condition": (
        "Conditions:\n  A: !Equals [!Ref Oven, a]\n" + OVEN,
        "2:15: Template format error: Unresolved dependencies [Oven]. Cannot reference resources in the Conditions "
        "block of the template",
    ),
    "And of one": (
        "Conditions:\n  A: !And [!Equals [a, a]]\n" + OVEN,
        "2:6: Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
    ),
    "condition that is none": (
        "Conditions:\n  A: true\n" + OVEN,
        "2:3: Template format error: Every Conditions member must be one of Fn::And, Fn::Equals, Fn::Not, Fn::Or "
        "or Condition",
    ),
    "conditions in a circle": (
        "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\n" + OVEN,
        "2:3: Template error: Found circular condition dependency: [A, B]",
    ),
    "absent by its condition": (
        "Conditions:\n  Never: !Equals [a, b]\n" + OVEN + "    Condition: Never\n"
        "  B: {Type: AWS::Kitchen::Oven, Properties: {Name: !Ref Oven}}",
        "7:52: Template format error: Unresolved resource dependencies [Oven] in the Resources block of the "
        "template; the condition of Oven is false",
    ),
    # Outputs: outputs-section-structure.html
    "name of an output": (
        OVEN + "Outputs:\n  A-B: {Value: a}",
        "5:3: Template format error: Output name A-B is non alphanumeric.",
    ),
    "unknown attribute of an output": (
        OVEN + "Outputs:\n  A: {Value: a, Exprot: b}",
        "5:17: A: Invalid template output property 'Exprot'; did you mean Export?",
    ),
    "unknown condition of an output": (
        OVEN + "Outputs:\n  A: {Value: a, Condition: B}",
        "5:28: Template format error: Unresolved condition dependency B in the Outputs block of the template",
    ),
    "output without value": (
        OVEN + "Outputs:\n  Name: {Description: a}",
        "5:3: Template format error: Every Outputs member must contain a Value object",
    ),
    "output of a list": (
        OVEN + "Outputs:\n  Name: {Value: [a]}",
        "5:10: Template format error: The Value field of Outputs member Name must evaluate to a String.",
    ),
    "unknown Ref in an output": (
        OVEN + "Outputs:\n  Name: {Value: !Ref Ovn}",
        "5:17: Template format error: Unresolved resource dependencies [Ovn] in the Outputs block of the template; "
        "did you mean Oven?",
    ),
    # SAM: sam-specification.html
    "unknown SAM property": (
        FUNCTION + "      Handlr: a.b",
        "7:7: Bake: property Handlr not defined for resource of type AWS::Serverless::Function; "
        "did you mean Handler?",
    ),
    "unsupported SAM property": (
        FUNCTION + "      FunctionUrlConfig: {AuthType: NONE}",
        "7:7: Bake: property FunctionUrlConfig of AWS::Serverless::Function is not supported",
    ),
    "SAM property of a wrong shape": (
        FUNCTION + "      Timeout: long",
        "7:16: Properties validation failed for resource Bake with message: #/Timeout: expected type: Integer, "
        "found: String",
    ),
    "unsupported event source": (
        FUNCTION + "      Events:\n        Tick:\n          Type: MSK\n",
        "9:17: Bake: event source Tick of type MSK is not supported",
    ),
    "unknown Globals": (
        "Globals:\n  Functon: {}\n" + FUNCTION,
        "2:3: 'Globals' section is invalid. 'Functon' is not supported. Must be one of the following values - "
        "['Function', 'SimpleTable', 'StateMachine', 'Api', 'HttpApi', 'LayerVersion', 'CapacityProvider', "
        "'WebSocketApi']; did you mean Function?",
    ),
    "property that Globals has not": (
        "Globals:\n  Function:\n    FunctionName: a\n" + FUNCTION,
        "3:5: 'Globals' section is invalid. 'FunctionName' is not a supported property of 'Function'",
    ),
    "no definition": (
        MACHINE + "      Name: Flow",
        "3:3: Flow: Either 'Definition' or 'DefinitionUri' property must be specified.",
    ),
    "definition's file": (
        MACHINE + "      DefinitionUri: flow.json",
        "6:22: Flow: flow.json cannot be read: No such file or directory",
    ),
    "name that SAM takes": (
        FUNCTION + "  BakeRole:\n    Type: AWS::Kitchen::Oven",
        "3:3: BakeRole: SAM makes a resource of this name, and the template has another",
    ),
}


@pytest.mark.parametrize(("template", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_line(template: str, fault: str) -> None:
    assert faults_of(template) == [fault]


def test_every_fault_is_told_in_the_order_of_the_text() -> None:
    template = """
Parameters:
  Stage: {Type: String}
Resources:
  Oven:
    Type: AWS::Kitchen::Oven
    Properties:
      Heat: hot
      Heta: 1
      Name: !Ref Ovn
  Receipts:
    Type: AWS::SNS::Topic
    Properties:
      Name: !GetAtt Oven.Arn
      Other: !Sub '${Nobody}'
  Stone:
    Type: AWS::Kitchen::Oven
    Properties: {Name: !Ref Stage, Fuel: COAL}
Outputs:
  Name: {Value: !Select [3, [a]]}
"""

    lines = [int(fault.split(":")[0]) for fault in faults_of(template)]

    assert lines == [3, 8, 9, 10, 12, 15, 18, 20]


def test_what_follows_from_a_fault_is_not_told_again() -> None:
    template = (
        PROPERTIES
        + "      Name: !Ref Nobody\n  Stone:\n    Type: AWS::Kitchen::Oven\n    Properties:\n"
        + "      Name: !Sub '${Oven}-${Oven.Arn}'\n      Heat: !Select [0, !Split ['-', !Ref Oven]]\n"
    )

    assert [fault.split(":")[0] for fault in faults_of(template)] == ["5"]


def test_a_fault_in_an_aliased_value_is_told_once() -> None:
    template = PROPERTIES + "      Racks: &racks [!Select [3, [a]]]\n      Recipe: *racks\n"

    assert len(faults_of(template)) == 1


def test_a_fault_in_a_definition_is_told_in_its_own_file() -> None:
    definition = '{"States": {\n "Bake": {\n  "Next": "Nowhere"}}}'

    faults = faults_of(MACHINE + "      DefinitionUri: flow.json\n      Role: arn", files={"flow.json": definition})

    assert faults == ["flow.json:3:3: Flow: /DefinitionString/States/Bake/Next: Nowhere is no state"]


def test_a_fault_in_a_definition_of_the_template_is_told_there() -> None:
    definition = "      Definition:\n        States:\n          Bake:\n            Next: Nowhere\n"

    faults = faults_of(MACHINE + "      Role: arn\n" + definition)

    assert faults == ["10:13: Flow: /DefinitionString/States/Bake/Next: Nowhere is no state"]


def test_a_parameter_that_the_template_has_not_is_told() -> None:
    faults = faults_of("Parameters:\n  Stage: {Type: String, Default: a}\n" + OVEN, parameters={"Stag": "prod"})

    assert faults == ["1:1: Parameters: [Stag] do not exist in the template; did you mean Stage?"]


def test_a_given_value_is_held_to_the_rules_of_its_parameter() -> None:
    faults = faults_of(
        "Parameters:\n  Stage:\n    Type: String\n    Default: a\n    AllowedValues: [a, b]\n" + OVEN,
        parameters={"Stage": "c"},
    )

    assert faults == ["2:3: Parameter 'Stage' must be one of AllowedValues"]


def test_a_lenient_reading_leaves_out_what_is_not_known_and_lists_it() -> None:
    stack = load(
        PROPERTIES + "      Heta: 1\n      Name: !GetAtt Topic.TopicName\n  Topic:\n    Type: AWS::SNS::Topic\n",
        lenient=True,
    )

    assert [(resource.logical_id, resource.properties) for resource in stack.resources] == [
        ("Oven", {"Name": "pizza-Topic.TopicName"})
    ]
    assert [str(fault) for fault in stack.ignored] == [
        "template.yaml:8:11: Topic: AWS::SNS::Topic is not supported",
        f"template.yaml:5:7: {SHAPE}#: extraneous key [Heta] is not permitted; did you mean Heat?",
    ]
