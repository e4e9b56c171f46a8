"""
The results of a distributed Map state, as files in a bucket.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from collections.abc import Iterable, Mapping, Sequence

from pizzabar.documents import JSON, NotJSON, encode, parse, write

PUT_OBJECT = "arn:aws:states:::s3:putObject"
TRANSFORMATIONS = ("NONE", "COMPACT", "FLATTEN")
OUTPUT_TYPES = ("JSON", "JSONL")
ENDS = ("SUCCEEDED", "FAILED", "PENDING")


def result_files(
    prefix: str, bucket: str, arn: str, config: Mapping[str, JSON], children: Iterable[JSON]
) -> dict[str, bytes]:
    """Write the results of a map run: the bytes of each object by its key, ``…/manifest.json`` among them.

    ``children`` describe its executions, as an export has them.
    """
    folder = "/".join(part for part in (prefix.strip("/"), arn.rpartition(":")[2]) if part)
    sorts: dict[str, list[JSON]] = {name: [] for name in ENDS}
    for child in children:
        sorts["SUCCEEDED" if child["Status"] == "SUCCEEDED" else "FAILED"].append(child)
    files: dict[str, bytes] = {}
    listed: dict[str, list[JSON]] = {name: [] for name in ENDS}
    is_lines = config.get("OutputType", "JSON") == "JSONL"
    for name, found in sorts.items():
        if found:
            results = transformed(found, config.get("Transformation", "NONE"))
            data = b"".join(encode(each) + b"\n" for each in results) if is_lines else encode(results)
            key = f"{folder}/{name}_0.{'jsonl' if is_lines else 'json'}"
            files[key] = data
            listed[name].append({"Key": key, "Size": len(data)})
    manifest = {"DestinationBucket": bucket, "MapRunArn": arn, "ResultFiles": listed}
    return files | {f"{folder}/manifest.json": encode(manifest)}


def transformed(children: Sequence[JSON], transformation: str) -> list[JSON]:
    """Give what is written of the executions: all, their outputs, or the members of those that are arrays."""
    if transformation == "NONE":
        return list(children)
    outputs = [
        _parsed(child["Output"])
        if "Output" in child
        else {name: child[name] for name in ("Error", "Cause") if name in child}
        for child in children
    ]
    if transformation == "COMPACT":
        return outputs
    return [each for output in outputs for each in (output if isinstance(output, list) else [output])]


def _parsed(text: str) -> JSON:
    try:
        return parse(text)
    except NotJSON:
        return write(text)
