"""
The model of SQS as SDKs had it that spoke the query protocol: the one of today with the names of then.

Since botocore 1.31.81 the model is of AWS JSON, and has no names for forms any more.
"""

import copy
import json
from pathlib import Path
from typing import Any

import botocore.session

FACTS = json.loads((Path(__file__).parent / "sqs_names.json").read_text())
NAMES: dict[str, str] = FACTS["names"] | {
    # Younger than that model; as the API reference has it.
    "MessageSystemAttributeList.member": "MessageSystemAttributeName",
}


ERRORS: dict[str, tuple[str, int]] = {name: (code, status) for name, (code, status) in FACTS["errors"].items()}
"""Codes and statuses by the names of the shapes."""


def older_model() -> dict[str, Any]:
    """Give the description of the service, for botocore."""
    loader = botocore.session.get_session().get_component("data_loader")
    model: dict[str, Any] = copy.deepcopy(loader.load_service_model("sqs", "service-2"))
    metadata = model["metadata"]
    for name in ("awsQueryCompatible", "jsonVersion", "protocols", "targetPrefix"):
        metadata.pop(name, None)
    metadata |= {"protocol": "query", "xmlNamespace": "http://queue.amazonaws.com/doc/2012-11-05/"}
    for operation in model["operations"].values():
        if "output" in operation:
            operation["output"]["resultWrapper"] = operation["output"]["shape"]
    for path, name in NAMES.items():
        shape, _, part = path.partition(".")
        place = model["shapes"][shape]
        if part:
            place = place[part] if part in ("member", "key", "value") else place["members"][part]
        place["locationName"] = name
        if part.endswith("ListValues"):
            place["flattened"] = True
    for name, (code, status) in ERRORS.items():
        model["shapes"][name]["error"] = {"code": code, "httpStatusCode": status, "senderFault": True}
    for name, shape in model["shapes"].items():
        if name.endswith("BatchResult"):
            # A list that is empty leaves no trace in XML.
            del shape["required"]
    return model


def install(folder: Path) -> None:
    """Put the model where a session of botocore finds it whose data path is this folder."""
    place = folder / "sqs" / "2012-11-05"
    place.mkdir(parents=True)
    (place / "service-2.json").write_text(json.dumps(older_model()))
