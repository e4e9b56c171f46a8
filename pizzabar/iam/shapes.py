"""The types of what IAM is asked."""

from pizzabar.shapes import TEXTS, Shapes

SHAPES: Shapes = {
    "ActionNames": TEXTS,
    "CallerArn": str,
    "ContextEntries": [{"ContextKeyName": str, "ContextKeyValues": TEXTS, "ContextKeyType": str}],
    "Marker": str,
    "MaxItems": None,
    "PathPrefix": str,
    "PermissionsBoundaryPolicyInputList": TEXTS,
    "PolicyInputList": TEXTS,
    "PolicyName": str,
    "PolicySourceArn": str,
    "ResourceArns": TEXTS,
    "ResourceHandlingOption": str,
    "ResourceOwner": str,
    "ResourcePolicy": str,
    "RoleName": str,
}
