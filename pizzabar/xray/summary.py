"""
Summaries of traces, and what filter expressions see of them.

Pure. https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
"""

from collections.abc import Iterable
from typing import Any

from pizzabar.documents import JSON
from pizzabar.xray.filter_expression import View
from pizzabar.xray.nodes import Node
from pizzabar.xray.segments import walk
from pizzabar.xray.traces import Traced


def service_id(node: Node) -> JSON:
    """Name a service as the answers do."""
    account = (node.document.get("aws") or {}).get("account_id")
    return {"Name": node.name, "Names": [node.name], "Type": node.type} | (
        {"AccountId": str(account)} if account is not None else {}
    )


def service_ids(nodes: Iterable[Node]) -> list[JSON]:
    """Name services, each once."""
    return [service_id(node) for node in {node.key: node for node in nodes}.values()]


def summary_of(trace: Traced) -> JSON:
    """Tell of a trace in short. Root causes are not looked for."""
    root = trace.root
    summary: dict[str, JSON] = {
        "Id": trace.id,
        "StartTime": trace.start,
        "Duration": round(trace.end - trace.start, 6),
        "HasFault": root.is_so("fault"),
        "HasError": root.is_so("error"),
        "HasThrottle": any(node.is_so("throttle") for node in trace.nodes),
        "IsPartial": any(node.is_so("in_progress") for node in trace.nodes),
        "Http": _http(root),
        "Annotations": _annotations(trace),
        "Users": [
            {"UserName": name, "ServiceIds": service_ids(nodes)} for name, nodes in _grouped_users(trace).items()
        ],
        "ServiceIds": service_ids(trace.nodes),
        "ResourceARNs": [{"ARN": arn} for arn in _arns(trace)],
        "EntryPoint": service_id(root),
        "Revision": 1,
        "MatchedEventTime": trace.start,
    }
    if not root.is_so("in_progress"):
        summary["ResponseTime"] = round(root.seconds, 6)
    return summary


def view_of(trace: Traced) -> View:
    """Give what an expression sees: at the trace itself, what its first segment told a client."""
    views = {id(node): _view(node) for node in trace.nodes}
    root = trace.root
    values = dict(views[id(root)].values) | {
        "duration": [trace.end - trace.start],
        "partial": [any(node.is_so("in_progress") for node in trace.nodes)],
        "throttle": [any(node.is_so("throttle") for node in trace.nodes)],
        "user": [*_grouped_users(trace)],
        "resource.arn": _arns(trace),
    }
    for name in ("name", "type"):
        values[name] = [value for view in views.values() for value in view.values[name]]
    for node in trace.nodes:
        for name, value in node.annotations.items():
            values[f"annotation.{name}"] = [*values.get(f"annotation.{name}", ()), value]
    edges = [(views[id(node.parent)], views[id(node)]) for node in trace.nodes if node.parent is not None]
    return View(values, [*views.values()], edges)


def _view(node: Node) -> View:
    values: dict[str, list[JSON]] = {
        "name": [node.name],
        "type": [node.type],
        "ok": [not any(node.is_so(flag) for flag in ("error", "fault", "throttle", "in_progress"))],
        **{flag: [node.is_so(flag)] for flag in ("error", "fault", "throttle")},
        "partial": [node.is_so("in_progress")],
        "inferred": [node.is_inferred],
        "remote": [node.type == "remote"],
        "root": [node.parent is None],
        "responsetime": [] if node.is_so("in_progress") else [node.seconds],
        "duration": [node.end - node.start],
        "resource.arn": _strings([node.document.get("resource_arn")]),
        "user": _strings([node.document.get("user")]),
    }
    values |= {name: [value] for name, value in node.http.items()}
    values |= {f"annotation.{name}": [value] for name, value in node.annotations.items()}
    return View(values)


def _http(node: Node) -> JSON:
    names = {
        "http.url": "HttpURL",
        "http.method": "HttpMethod",
        "http.useragent": "UserAgent",
        "http.clientip": "ClientIp",
        "http.status": "HttpStatus",
    }
    return {names[name]: value if name == "http.status" else str(value) for name, value in node.http.items()}


def _annotations(trace: Traced) -> JSON:
    annotations: dict[str, list[JSON]] = {}
    for node in trace.nodes:
        for name, value in node.annotations.items():
            kind = "Boolean" if isinstance(value, bool) else "String" if isinstance(value, str) else "Number"
            told = {"AnnotationValue": {f"{kind}Value": value}, "ServiceIds": [service_id(node)]}
            annotations.setdefault(name, []).append(told)
    return annotations


def _grouped_users(trace: Traced) -> dict[str, list[Node]]:
    users: dict[str, list[Node]] = {}
    for node in trace.nodes:
        for name in _strings([node.document.get("user")]):
            users.setdefault(name, []).append(node)
    return users


def _arns(trace: Traced) -> list[str]:
    return _strings(dict.fromkeys(each.get("resource_arn") for segment in trace.segments for each in walk(segment)))


def _strings(values: Iterable[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]
