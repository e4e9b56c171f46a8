"""
The linter: every check, on one stack.

Pure but for ``read_file`` and ``is_there`` of what it looks at. A resource is spared what its
``Metadata: {pizzabar: {Lint: {Ignore: [PB101]}}}`` names.
"""

from collections.abc import Callable, Iterable

from pizzabar.cloudformation.node import Position
from pizzabar.lint import (
    dependencies,
    mapping_templates,
    policies,
    queues,
    reused_ids,
    roles,
    routes,
    rules,
    runtimes,
    sizes,
    state_machines,
    time_to_live,
)
from pizzabar.lint.finding import Finding
from pizzabar.lint.subject import Subject
from pizzabar.resource import Resource

CHECKS: tuple[Callable[[Subject], Iterable[Finding]], ...] = (
    time_to_live.check,
    reused_ids.check,
    routes.check,
    mapping_templates.check,
    queues.check,
    runtimes.check,
    dependencies.check,
    rules.check,
    state_machines.check,
    policies.check,
    roles.check,
    sizes.check,
)


def lint(subject: Subject) -> tuple[Finding, ...]:
    """Give what is found, in the order of the template, and of its files after it."""
    ignored = {each.logical_id: ignored_by(each) for each in subject.stack.resources}
    # What is wrong in a file that several functions run is told once.
    found: dict[tuple[str, Position], Finding] = {}
    for check in CHECKS:
        for finding in check(subject):
            if finding.code.code not in ignored.get(finding.resource, ()):
                found.setdefault((finding.code.code, finding.position), finding)
    sections = subject.stack.nodes.sections
    file = next((section.position.file for section in sections.values()), "")
    return tuple(sorted(found.values(), key=lambda each: (each.position.file != file, each.position, each.code.code)))


def ignored_by(resource: Resource) -> tuple[str, ...]:
    """Give the codes that a resource is spared."""
    ours = resource.metadata.get("pizzabar")
    lint = ours.get("Lint") if isinstance(ours, dict) else None
    codes = lint.get("Ignore") if isinstance(lint, dict) else None
    return tuple(map(str, codes)) if isinstance(codes, list) else ()
