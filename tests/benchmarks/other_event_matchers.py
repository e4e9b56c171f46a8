"""
The event matchers of moto and MiniStack, as these ask them: rule by rule.

``event_matching`` runs this file in the environment that they are installed in; it needs nothing else.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

MEASURED_SECONDS = 1.0

Event = dict[str, Any]
Matcher = Callable[[Any], list[int]]
"""Gives the numbers of the rules that want an event."""


def rate(match: Callable[[Any], Any], events: list[Any]) -> float:
    """Tell how many events a CPU second are matched: the best of three runs."""
    began = time.process_time()
    match(events[0])
    batch = 50 if time.process_time() - began < 0.001 else 1
    best = 0.0
    for _ in range(3):
        done, began = 0, time.process_time()
        while (passed := time.process_time() - began) < MEASURED_SECONDS / 3:
            for each in events[done % len(events) :][:batch]:
                match(each)
            done += batch
        best = max(best, done / passed)
    return best


def moto(patterns: list[str], events: list[Event]) -> tuple[Matcher, list[Any]]:
    """Read patterns as moto's rules do; its events are those of AWS."""
    load = import_module("moto.events.models").EventPattern.load
    rules = [load(pattern) for pattern in patterns]
    return lambda event: [number for number, rule in enumerate(rules) if rule.matches_event(event)], events


def ministack(patterns: list[str], events: list[Event]) -> tuple[Matcher, list[Any]]:
    """Take patterns as MiniStack's rules do, as texts that a cache has compiled; and make views of events."""
    module = import_module("ministack.services.eventbridge")
    matches = module._matches_pattern_view
    views = [module._pattern_event_view(module._event_from_test_payload(event)) for event in events]
    return lambda view: [number for number, pattern in enumerate(patterns) if matches(pattern, view)], views


def main(name: str, file: str) -> None:
    """Print how fast a matcher is, and what it gives for the events that are to be compared."""
    asked = json.loads(Path(file).read_text())
    matcher = {"moto": moto, "ministack": ministack}[name]
    match, compared = matcher(asked["patterns"], asked["compared"])
    answers = [match(event) for event in compared]
    match, events = matcher(asked["patterns"], asked["events"])
    print(json.dumps({"rate": rate(match, events), "answers": answers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
