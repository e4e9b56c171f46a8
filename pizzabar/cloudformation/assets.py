"""
Assets of the CDK: folders and files beside a template of ``cdk synth``, which names them by their places in a bucket.

Which asset a property of a resource stands for is told by the resource's metadata, as the CDK writes it for local
tools, else by the asset manifest beside the template, ``Chat.assets.json`` beside ``Chat.template.json``.

https://docs.aws.amazon.com/cdk/v2/guide/assets.html
"""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import PurePath

from pizzabar.cloudformation.node import Node, mapping
from pizzabar.documents import JSON

PATH, PROPERTY = "aws:asset:path", "aws:asset:property"
TEMPLATE, MANIFEST = ".template.json", ".assets.json"
LOCATIONS: Mapping[str, tuple[str, str]] = {
    "AWS::Lambda::Function": ("Code", "S3Key"),
    "AWS::Lambda::LayerVersion": ("Content", "S3Key"),
    "AWS::StepFunctions::StateMachine": ("DefinitionS3Location", "Key"),
}
"""The property that names a place in a bucket, and the member of it that is the key, by type."""


class Assets:
    """The assets of one template. ``read_file`` gives the text of a file beside it, or raises ``OSError``."""

    def __init__(self, file: str, read_file: Callable[[str], str]) -> None:
        self.template = PurePath(file).name
        self.read_file = read_file

    def located(self, resource: Node) -> Node:
        """Give a resource with the path of its asset, relative to the template, in place of the asset's bucket."""
        attributes = mapping(resource)
        properties = attributes.get("Properties")
        name, key = LOCATIONS.get(str(attributes["Type"].value), ("", ""))
        location = mapping(properties).get(name)
        if properties is None or location is None or key not in mapping(location):
            return resource
        metadata = mapping(attributes.get("Metadata"))
        path = None
        if PATH in metadata and PROPERTY in metadata and metadata[PROPERTY].value == name:
            path = metadata[PATH].value
        elif isinstance(written := mapping(location)[key].value, str):
            path = self._paths.get(written)
        if not isinstance(path, str):
            return resource
        located = Node(
            {**mapping(properties), name: Node(path, location.position, location.key)}, properties.position
        )
        return Node({**attributes, "Properties": located.moved(properties)}, resource.position, resource.key)

    @cached_property
    def _paths(self) -> dict[str, str]:
        """The paths of the manifest's files, by their keys."""
        if not self.template.endswith(TEMPLATE):
            return {}
        try:
            files: JSON = json.loads(self.read_file(self.template.removesuffix(TEMPLATE) + MANIFEST))["files"]
            return {
                destination["objectKey"]: file["source"]["path"]
                for file in files.values()
                for destination in file["destinations"].values()
            }
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            # What is left of a manifest that is not there, or is none, is told as code in a bucket.
            return {}
