"""
How many events a second the rule index matches, beside trying each pattern in turn.

Run: ``python -m tests.benchmarks.event_matching``. The event is about 1 KB and is already parsed; seconds are of CPU.
Plain rules want a source, a detail type and exact values in the detail; mixed rules want them by every operator.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from pizzabar.documents import encode
from pizzabar.eventbridge.index import RuleIndex
from pizzabar.eventbridge.pattern import Pattern, read_pattern

SIZES = (1, 10, 100, 1_000, 10_000)
MEASURED_SECONDS = 1.0


def event(number: int) -> dict[str, Any]:
    """Give an event of a pizza bar, as a bus would see it."""
    return {
        "version": "0",
        "id": f"6a7e8feb-b491-4cf7-a9f1-{number:012d}",
        "detail-type": f"order-{number % 10}",
        "source": f"pizza.bar-{number % 100}",
        "account": "123456789012",
        "time": "2026-01-01T12:00:00Z",
        "region": "us-east-1",
        "resources": [
            "arn:aws:states:us-east-1:123456789012:stateMachine:PizzaOrders",
            f"arn:aws:states:us-east-1:123456789012:execution:PizzaOrders:{number}",
        ],
        "detail": {
            "status": ("placed", "baking", "ready", "served")[number % 4],
            "order": {"id": f"order-{number}", "table": number % 40, "total": number % 97 / 2},
            "customer": {"name": "Ada Lovelace", "city": "London", "address": "10.1.2.3", "since": "1815-12-10"},
            "message": f"Pizza {number} is on its way from the oven to your table; mind the hot plate." * 2,
            "items": [{"name": "margherita", "size": 32}, {"name": "marinara", "size": 26}],
            "oven": {"temperature": 485, "wood": True, "operator": "Grace", "batch": number % 1000},
        },
    }


def plain(number: int) -> dict[str, Any]:
    """Give the pattern of a rule that compares exactly."""
    return {
        "source": [f"pizza.bar-{number % 100}"],
        "detail-type": [f"order-{number % 10}", "notice"],
        "detail": {"status": ["placed", "ready"], "oven": {"batch": [number % 1000]}},
    }


def mixed(number: int) -> dict[str, Any]:
    """Give the pattern of a rule that uses one of the operators, or two fields of one array."""
    conditions: tuple[dict[str, Any], ...] = (
        {"status": ["placed", "ready"]},
        {"order": {"table": [number % 40]}, "status": ["served"]},
        {"order": {"total": [{"numeric": [">", number % 90, "<=", number % 90 + 8]}]}},
        {"oven": {"batch": [{"numeric": [">=", number % 1000]}]}, "status": [{"anything-but": "placed"}]},
        {"order": {"id": [{"prefix": f"order-{number % 1000}"}]}},
        {"customer": {"city": [{"equals-ignore-case": "LONDON"}]}, "items": {"size": [26]}},
        {"order": {"id": [{"suffix": str(number % 100)}]}, "oven": {"fan": [{"exists": False}]}},
        {"message": [{"wildcard": f"Pizza {number % 1000} *oven*"}]},
        {"customer": {"address": [{"cidr": f"10.{number % 250}.0.0/16"}]}},
        {"items": {"name": ["marinara"], "size": [26]}},
    )
    return {
        "source": [f"pizza.bar-{number % 100}"],
        "detail-type": [f"order-{number % 10}", "notice"],
        "detail": conditions[number // 10 % len(conditions)],
    }


def rate(match: Callable[[dict[str, Any]], Any], events: list[dict[str, Any]]) -> float:
    """Tell how many events a CPU second are matched: the best of three runs."""
    best = 0.0
    for _ in range(3):
        done, began = 0, time.process_time()
        while (passed := time.process_time() - began) < MEASURED_SECONDS / 3:
            for each in events[done % len(events) :][:50]:
                match(each)
            done += 50
        best = max(best, done / passed)
    return best


def measure(document: Callable[[int], dict[str, Any]], size: int, events: list[dict[str, Any]]) -> str:
    """Give a line of the table."""
    began = time.process_time()
    patterns: list[Pattern] = [read_pattern(document(number)) for number in range(size)]
    read = time.process_time() - began
    gc.collect()
    tracemalloc.start()
    build(patterns).match(events[0])
    gc.collect()
    tracemalloc.clear_traces()
    traced = build(patterns)
    traced.match(events[0])
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    began = time.process_time()
    index = build(patterns)
    index.match(events[0])
    built = time.process_time() - began

    def scan(each: dict[str, Any]) -> list[int]:
        return [key for key, pattern in enumerate(patterns) if pattern.matches(each)]

    assert all(index.match(each) == scan(each) for each in (events if size <= 100 else events[:20]))
    matched = sum(len(index.match(each)) for each in events) / len(events)
    return (
        f"{document.__name__:>6} {size:>7,} {rate(index.match, events):>10,.0f} {rate(scan, events):>10,.0f}"
        f" {matched:>8.1f} {read * 1e3:>9.1f} {built * 1e3:>9.1f} {memory / 1e6:>7.2f}"
    )


def build(patterns: list[Pattern]) -> RuleIndex[int]:
    """Enter patterns into an index, one after the other."""
    index: RuleIndex[int] = RuleIndex()
    for key, pattern in enumerate(patterns):
        index.add(key, pattern)
    return index


def main() -> None:
    """Print the table."""
    events = [event(number) for number in range(1_000)]
    print(f"event: {len(encode(events[500]))} bytes; rates in events per CPU second")
    print("  kind   rules      index     linear  matched   read ms  build ms      MB")
    for document in (plain, mixed):
        for size in SIZES:
            print(measure(document, size, events), flush=True)


if __name__ == "__main__":
    main()
