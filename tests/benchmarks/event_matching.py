"""
How many events a second the rule index matches, beside trying each pattern in turn, and beside others' matchers.

Run

    python -m tests.benchmarks.event_matching [--moto BIN] [--ministack BIN]

where BIN is the folder of the command ``python`` of an environment that has them: ``pip install moto ministack`` in
one of its own. The event is about 1 KB and is already parsed; seconds are of CPU. Plain rules want a source, a detail
type and exact values in the detail; mixed rules want them by every operator. Where another matcher gives other
answers than the index, that is counted, each event with each rule being one answer.
"""

import argparse
import gc
import json
import random
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pizzabar.documents import encode
from pizzabar.event_patterns.index import RuleIndex
from pizzabar.event_patterns.pattern import Pattern, read_pattern
from tests.benchmarks import other_event_matchers
from tests.benchmarks.other_event_matchers import rate

SIZES = (1, 10, 100, 1_000, 10_000)
COMPARED = 200_000
"""How many answers of matchers are compared, of each event for each rule."""
CHANGED = 500


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


def measure(
    document: Callable[[int], dict[str, Any]], size: int, events: list[dict[str, Any]], others: dict[str, Path]
) -> None:
    """Print a line of the table, and what others' matchers make of the same rules and events."""
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

    compared = random.Random(size).sample(events, min(len(events), COMPARED // size))
    assert all(index.match(each) == scan(each) for each in compared)
    matched = sum(len(index.match(each)) for each in events) / len(events)
    print(
        f"{document.__name__:>6} {size:>7,} {rate(index.match, events):>10,.0f} {rate(scan, events):>10,.0f}"
        f" {matched:>8.1f} {read * 1e3:>9.1f} {built * 1e3:>9.1f} {memory / 1e6:>7.2f}",
        flush=True,
    )
    if size == SIZES[-1]:
        print(f"{'':>14} of {size:,}: {changes(index, document, events)}")
    for name, folder in others.items():
        texts = [encode(document(number)).decode() for number in range(size)]
        found = ask(name, folder, {"patterns": texts, "events": events, "compared": compared})
        answers = zip(compared, found["answers"], strict=True)
        differing = sum(len(set(index.match(each)) ^ set(given)) for each, given in answers)
        total = size * len(compared)
        print(f"{name:>14} {found['rate']:>10,.0f}   {differing} of {total:,} answers differ", flush=True)


def changes(index: RuleIndex[int], document: Callable[[int], dict[str, Any]], events: list[dict[str, Any]]) -> str:
    """Tell what it takes to add a rule to an index, to match the next event, and to take the rule out again."""
    times: dict[str, float] = {"read": 0, "added": 0, "the next event matched": 0, "taken out": 0}
    for number in range(CHANGED):
        key = len(index) + number * 7
        marks = [time.process_time()]
        pattern = read_pattern(document(key))
        marks.append(time.process_time())
        index.add(-1, pattern)
        marks.append(time.process_time())
        index.match(events[number])
        marks.append(time.process_time())
        index.remove(-1)
        marks.append(time.process_time())
        for name, began, ended in zip(times, marks, marks[1:], strict=False):
            times[name] += ended - began
    return "a rule is " + ", ".join(f"{name} in {spent / CHANGED * 1e6:.0f} µs" for name, spent in times.items())


def ask(name: str, folder: Path, asked: dict[str, Any]) -> Any:
    """Have another matcher measured, in the environment that it is installed in."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(asked, file)
        file.flush()
        command = [str(folder / "python"), other_event_matchers.__file__, name, file.name]
        answer = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(answer.stdout)


def build(patterns: list[Pattern]) -> RuleIndex[int]:
    """Enter patterns into an index, one after the other."""
    index: RuleIndex[int] = RuleIndex()
    for key, pattern in enumerate(patterns):
        index.add(key, pattern)
    return index


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--moto", type=Path)
    parser.add_argument("--ministack", type=Path)
    others = {name: folder for name, folder in vars(parser.parse_args()).items() if folder is not None}
    events = [event(number) for number in range(1_000)]
    print(f"event: {len(encode(events[500]))} bytes; rates in events per CPU second")
    print("  kind   rules      index     linear  matched   read ms  build ms      MB")
    for document in (plain, mixed):
        for size in SIZES:
            measure(document, size, events, others)


if __name__ == "__main__":
    main()
