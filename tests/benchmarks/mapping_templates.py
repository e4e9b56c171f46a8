"""
Mapping templates: microseconds to compile one, to render it, and to render it with a trace.

Run with ``python -m tests.benchmarks.mapping_templates``. Each figure is the least of many repetitions.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pizzabar.pizzeria
from pizzabar.apigateway.mapping_template import MappingTemplate, Variables
from pizzabar.apigateway.mapping_template import trace as trace_template

REPETITIONS = 200

ORDER = Variables(
    body='{"pizza": "margherita", "size": "L", "customer": "it\'s me", "note": "extra cheese, please"}',
    context={
        "connectionId": "L0SM9cOFvHcCIhw=",
        "connectedAt": 1652722217711,
        "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
        "eventType": "MESSAGE",
        "requestTimeEpoch": 1652722217711,
        "stage": "prod",
        "identity": {"sourceIp": "192.0.2.1"},
    },
)

CONNECT = Variables(
    context=ORDER.context,
    params={
        "header": {
            "Host": "abc123.execute-api.us-east-1.amazonaws.com",
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
            "X-Forwarded-For": "192.0.2.1",
            "X-Forwarded-Port": "443",
            "X-Forwarded-Proto": "https",
        },
        "querystring": {"table": "7"},
    },
)

# The order service of the workshop notes each connection with the maps as Java prints them.
WORKSHOP_CONNECT = """#set($ttl = $context.requestTimeEpoch + 86400)
{
  "TableName": "Sessions",
  "Item": {
    "connectionId": {"S": "$context.connectionId"},
    "domainName": {"S": "$context.domainName"},
    "stage": {"S": "$context.stage"},
    "headers": {"S": "$input.params().get('header')"},
    "querystring": {"S": "$input.params().get('querystring')"},
    "ttl": {"N": "$ttl"},
    "orderId" : {"S": ""}
  }
}
"""


def shipped(integration: str) -> str:
    """Give the default request template of an integration of the shipped application."""
    lines = Path(pizzabar.pizzeria.__file__).with_name("template.yaml").read_text(encoding="utf-8").splitlines()
    block = lines[lines.index(f"  {integration}:") :]
    block = block[block.index("        $default: !Sub |") + 1 :]
    end = next(number for number, line in enumerate(block) if line and not line.startswith(" " * 10))
    return "\n".join(line[10:] for line in block[:end]).rstrip() + "\n"


def microseconds(act: Callable[[], object], count: int) -> float:
    """Tell how long one act takes at the best."""
    best = float("inf")
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        for _ in range(count):
            act()
        best = min(best, time.perf_counter() - began)
    return best / count * 1e6


def main() -> None:
    """Print the figures."""
    for name, text, variables in (
        ("shipped $default", shipped("OrderIntegration"), ORDER),
        ("shipped $connect", shipped("ConnectIntegration"), CONNECT),
        ("workshop $connect", WORKSHOP_CONNECT, CONNECT),
    ):
        template = MappingTemplate(text)
        compiling = microseconds(lambda text=text: MappingTemplate(text), 20)  # type: ignore[misc]
        rendering = microseconds(lambda template=template, with_=variables: template.render(with_), 200)  # type: ignore[misc]
        tracing = microseconds(lambda text=text, with_=variables: trace_template(text, with_), 10)  # type: ignore[misc]
        print(f"{name}: compiled in {compiling:.0f} µs, rendered in {rendering:.1f} µs, traced in {tracing:.0f} µs")
    texts = [WORKSHOP_CONNECT.replace("Sessions", f"Sessions{number}") for number in range(1000)]
    began = time.perf_counter()
    for text in texts:
        MappingTemplate(text)
    print(f"1,000 templates: compiled in {(time.perf_counter() - began) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
