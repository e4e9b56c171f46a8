"""Routes that answer though nothing says so, and deployments that leave routes out."""

from collections.abc import Iterator, Mapping

from pizzabar.cloudformation.intrinsics import references
from pizzabar.cloudformation.node import Node, mapping
from pizzabar.lint.finding import Finding
from pizzabar.lint.subject import Subject

_GATEWAY = "AWS::ApiGatewayV2::"
HANDSHAKE = frozenset({"$connect", "$disconnect"})
"""Routes whose responses are no frames: a client has no connection yet, or no more."""


def check(subject: Subject) -> Iterator[Finding]:
    """Find route responses without a selection expression, and deployments that do not wait for their routes."""
    yield from _route_responses(subject)
    yield from _deployments(subject)


def _route_responses(subject: Subject) -> Iterator[Finding]:
    for response in subject.of(f"{_GATEWAY}RouteResponse"):
        route = subject.named(f"{_GATEWAY}Route", str(response.properties["RouteId"]))
        if route is None or route.properties["RouteKey"] in HANDSHAKE:
            continue
        if "RouteResponseSelectionExpression" not in route.properties:
            # AWS is seen to answer all the same.
            why = (
                f"{response.logical_id} sends clients the answer of the route {route.properties['RouteKey']}, "
                f"though {route.logical_id} has no RouteResponseSelectionExpression, without which AWS's "
                "documentation has a route one-way"
            )
            yield subject.found("PB201", response, (), why)


def _deployments(subject: Subject) -> Iterator[Finding]:
    nodes = subject.stack.nodes
    deploying = {
        stage.properties["ApiId"]
        for stage in subject.of(f"{_GATEWAY}Stage")
        if stage.properties.get("AutoDeploy") is True
    }
    written = mapping(nodes.sections.get("Resources"))
    for deployment in subject.of(f"{_GATEWAY}Deployment"):
        api = deployment.properties["ApiId"]
        if api in deploying or deployment.logical_id not in written:
            continue
        waits_for = _waits_for(deployment.logical_id, nodes.written)
        others = [
            route.logical_id
            for route in subject.of(f"{_GATEWAY}Route")
            if route.properties["ApiId"] == api and route.logical_id not in waits_for
        ]
        if others:
            why = (
                f"{deployment.logical_id} does not depend on {_list(sorted(others))}: what is not there yet when "
                "it is made, its stage does not have"
            )
            yield subject.found("PB202", deployment, (), why)


def _waits_for(name: str, written: Mapping[str, Node]) -> set[str]:
    """Give every resource that is there before one is made."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        node = written[ahead.pop()]
        depends_on = mapping(node).get("DependsOn")
        members = [] if depends_on is None else depends_on.value
        named = [str(each.value) for each in (members if isinstance(members, list) else [depends_on]) if each]
        for other in (*named, *(each.name for each in references(node, {}))):
            if other in written and other not in found:
                found.add(other)
                ahead.append(other)
    return found


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
