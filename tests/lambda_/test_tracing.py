"""
The tracing header as a function sees it.

https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
"""

from typing import Any

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.journal import CAUSE, Cause, Hop
from pizzabar.trace_header import TraceHeader
from tests.lambda_.service import lambda_

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


async def tell(event: JSON, context: Any) -> JSON:
    """Give the header, and have a service be asked."""
    await context.call("dynamodb", "GetItem", {})
    return context.trace_header


def tell_plainly(event: JSON, context: Any) -> JSON:
    """Do the same in a thread."""
    context.call("dynamodb", "GetItem", {})
    return context.trace_header


@pytest.mark.parametrize("handler", [tell, tell_plainly])
@pytest.mark.parametrize(
    ("is_traced", "upstream", "sampled"),
    [(False, None, 0), (True, None, 1), (False, True, 1), (True, False, 0), (False, False, 0)],
)
async def test_a_function_is_handed_the_header(
    handler: Any, is_traced: bool, upstream: bool | None, sampled: int
) -> None:
    async with lambda_() as ask:
        ask.world.answer("dynamodb", "GetItem")
        ask.create(handler, is_traced=is_traced)
        token = CAUSE.set(Cause(TRACE, origin=None if upstream is None else TraceHeader(TRACE, None, upstream)))
        try:
            answer = await ask("Invoke", FunctionName="Tell", Payload="{}")
        finally:
            CAUSE.reset(token)

        [invocation], [get] = ask.world.hops("lambda", "Invocation"), ask.world.hops("dynamodb", "GetItem")
        assert documents.parse(answer["Payload"]) == (
            f"Root={TRACE};Parent={invocation.segment_id};Sampled={sampled}"
        )
        assert (get.trace_id, get.parent, bool(get.sampled)) == (TRACE, invocation.id, bool(sampled))
        # What called the function is none of its own segments.
        assert ask.world.hops("lambda", "Invoke")[0].sampled == upstream
        assert invocation.journal.invocations == {}


async def test_an_invocation_is_known_while_it_is_under_way() -> None:
    seen: list[Hop] = []

    async def handler(event: JSON, context: Any) -> JSON:
        seen.extend(ask.world.call.journal.invocations.values())
        raise ValueError("cold oven")

    async with lambda_() as ask:
        ask.create(handler)
        await ask("Invoke", FunctionName="Tell", Payload="{}")

        assert seen == ask.world.hops("lambda", "Invocation")
        assert ask.world.call.journal.invocations == {}


async def test_the_tracing_of_a_function_is_told_and_changed() -> None:
    async with lambda_() as ask:
        ask.create(tell)
        for mode in ("PassThrough", "Active", "PassThrough"):
            await ask("UpdateFunctionConfiguration", FunctionName="Tell", TracingConfig={"Mode": mode})
            assert (await ask("GetFunctionConfiguration", FunctionName="Tell"))["TracingConfig"] == {"Mode": mode}
        fault = await ask.fails("UpdateFunctionConfiguration", FunctionName="Tell", TracingConfig={"Mode": "On"})
        assert fault.startswith("InvalidParameterValueException: 1 validation error detected: Value 'On' at")
