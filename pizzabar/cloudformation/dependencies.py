"""
The order in which resources are created: each after those that it refers to.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html
"""

from collections.abc import Collection, Iterable, Mapping
from heapq import heapify, heappop, heappush


def in_creation_order(dependencies: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Sort names so that each comes after those it depends on, and otherwise stays where it is.

    Names that depend on each other in a circle come as one group; every other group holds a single name. This is
    Tarjan's algorithm, which finds a group when all that it depends on is found; without recursion, because a
    chain may be as long as a template.
    """
    order: list[list[str]] = []
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in dependencies:
        if root in index:
            continue
        visits = [(root, iter(dependencies[root]))]
        index[root] = lowest[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while visits:
            name, rest = visits[-1]
            for other in rest:
                if other not in index:
                    index[other] = lowest[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    visits.append((other, iter(dependencies[other])))
                    break
                if other in on_stack:
                    lowest[name] = min(lowest[name], index[other])
            else:
                visits.pop()
                if visits:
                    above = visits[-1][0]
                    lowest[above] = min(lowest[above], lowest[name])
                if lowest[name] == index[name]:
                    group: list[str] = []
                    while not group or group[-1] != name:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    order.append(group)
    return order


def with_last(order: Collection[str], dependencies: Mapping[str, Iterable[str]], last: Collection[str]) -> list[str]:
    """Sort an order again so that the ``last`` come after all that does not wait for them; the rest stays.

    Names of a circle stay together, in any order.
    """
    if not last:
        return list(order)
    place = {name: number for number, name in enumerate(order)}
    # Of a circle only what has come before counts.
    waits_for = {name: {other for other in dependencies[name] if place[other] < place[name]} for name in order}
    waiting: dict[str, list[str]] = {}
    for name, others in waits_for.items():
        for other in others:
            waiting.setdefault(other, []).append(name)
    ready = [(name in last, place[name], name) for name in order if not waits_for[name]]
    heapify(ready)
    sorted_names = []
    while ready:
        _, _, name = heappop(ready)
        sorted_names.append(name)
        for other in waiting.get(name, ()):
            waits_for[other].discard(name)
            if not waits_for[other]:
                heappush(ready, (other in last, place[other], other))
    return sorted_names
