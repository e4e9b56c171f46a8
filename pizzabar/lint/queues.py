"""Forms that integrations send to queues: not said to be forms, not encoded, or without what a FIFO queue needs."""

import re
from collections.abc import Iterator, Mapping

from pizzabar.apigateway.integration import QueueTarget, read_uri
from pizzabar.apigateway.queue_request import TARGET, is_form
from pizzabar.apigateway.velocity_syntax import Method, Property, Reference
from pizzabar.documents import JSON
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.lint.renderings import Printed, Rendering
from pizzabar.lint.subject import Subject
from pizzabar.lint.written_items import INTEGRATION, MappingText, mapping_texts
from pizzabar.resource import Resource

QUEUE = "AWS::SQS::Queue"
FIFO = ".fifo"
_is_form_like = re.compile(r"\s*(Action|MessageBody|MessageGroupId|QueueUrl|Version)=").match
_IS_SENDING = re.compile(r"(?:^|&)\s*Action=SendMessage\s*(?:&|$)")
_PRINTED = frozenset({"json", "params", "path"})


def check(subject: Subject) -> Iterator[Finding]:
    """Find what is wrong in the forms of integrations with queues."""
    for integration in subject.of(INTEGRATION):
        target = read_uri(str(integration.properties.get("IntegrationUri", "")))
        if not isinstance(target, QueueTarget):
            continue
        for template in mapping_texts(subject, integration, "RequestTemplates"):
            if is_form(integration.properties):
                yield from _messages(subject, template)
                yield from _fifo(subject, template, target)
            elif _is_form_like(template.text) and not _is_mapped(integration.properties, f"header.{TARGET}"):
                why = f"what {integration.logical_id} sends is a form, and nothing says so: SQS does not read it"
                yield subject.found("PB303", integration, template.path, why)


def _messages(subject: Subject, template: MappingText) -> Iterator[Finding]:
    for printed in dict.fromkeys(each for way in template.renderings for each in _in_messages(way)):
        match printed.value:
            case Reference(name="input", steps=(Property(name=name) | Method(name=name),)) if (
                name == "body" or name in _PRINTED
            ):
                reference = printed.reference
                why = (
                    f"{reference.source} is printed into a form as it is: its first & ends the message, a + is read "
                    "as a blank and a % as the beginning of a code"
                )
                at = subject.place_in(
                    template.resource, template.path, template.text, reference.span.start, reference.source
                )
                yield Finding(CODES["PB304"], at, template.resource.logical_id, why)
            case _:
                pass


def _in_messages(rendering: Rendering) -> Iterator[Printed]:
    """Go through what a form prints into the bodies of messages."""
    for part in rendering.text.split("&"):
        name, _, value = part.partition("=")
        if name.strip().rpartition(".")[2] == "MessageBody":
            yield from rendering.printed_in(value)


def _fifo(subject: Subject, template: MappingText, target: QueueTarget) -> Iterator[Finding]:
    name = target.path.rpartition("/")[2]
    if not name.endswith(FIFO):
        return
    properties = template.resource.properties
    for way in template.renderings:
        if _IS_SENDING.search(way.text) is None:
            continue
        missing = [] if _has(way, properties, "MessageGroupId") else ["MessageGroupId"]
        if _wants_deduplication_id(subject, name) and not _has(way, properties, "MessageDeduplicationId"):
            missing.append("MessageDeduplicationId")
        if missing:
            why = f"{name} takes no message without {' and '.join(missing)}"
            yield subject.found("PB305", template.resource, template.path, why)
            return


def _has(rendering: Rendering, properties: Mapping[str, JSON], name: str) -> bool:
    is_there = any(part.strip().startswith(f"{name}=") for part in rendering.text.split("&"))
    return is_there or _is_mapped(properties, f"querystring.{name}")


def _is_mapped(properties: Mapping[str, JSON], place: str) -> bool:
    wanted = f"integration.request.{place}".lower()
    return any(each.lower() == wanted for each in properties.get("RequestParameters", {}))


def _wants_deduplication_id(subject: Subject, name: str) -> bool:
    """Whether a queue of the template has no ids of its own making; of others nothing is known."""
    queue: Resource | None = next(
        (each for each in subject.of(QUEUE) if each.identity.attributes.get("QueueName") == name), None
    )
    return queue is not None and str(queue.properties.get("ContentBasedDeduplication", False)).lower() != "true"
