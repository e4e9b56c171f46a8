"""Functions, and how often they have been invoked."""

from collections import Counter

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator
from pizzabar.lambda_.code import Code


class Function(BaseModel):
    """A function."""

    name: str
    arn: str
    runtime: str = Field(description="as AWS names it; in process for a handler that runs in this one")
    handler: str
    timeout: int = Field(description="in seconds")
    memory_size: int = Field(description="in MB")
    role: str | None = Field(description="the ARN of its execution role")
    log_group: str
    environment: dict[str, str]
    sources: list[str] = Field(description="the ARNs of the streams and queues that it is handed")
    invocations: int = Field(description="those that the journal still knows of")
    errors: int = Field(description="how many of them failed")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["functions"])

    @routes.get("/functions")
    async def list_functions() -> list[Function]:
        """List the functions."""
        invoked: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for hop in emulator.journal:
            if (hop.service, hop.operation) == ("lambda", "Invocation"):
                name = hop.parameters["FunctionName"]
                invoked[name] += 1
                failed[name] += hop.error is not None
        sources: dict[str, list[str]] = {}
        for mapping in emulator.event_sources:
            sources.setdefault(mapping.function_arn, []).append(mapping.source_arn)
        found = []
        for each in emulator.functions:
            handler = each.handler
            found.append(
                Function(
                    name=each.name,
                    arn=each.arn,
                    runtime=handler.runtime if isinstance(handler, Code) else "in process",
                    handler=(
                        handler.handler
                        if isinstance(handler, Code)
                        else f"{handler.__module__}:{getattr(handler, '__qualname__', type(handler).__qualname__)}"
                    ),
                    timeout=each.timeout,
                    memory_size=each.memory_size,
                    role=each.role,
                    log_group=each.log_group,
                    environment=dict(each.environment),
                    sources=sources.get(each.arn, []),
                    invocations=invoked[each.name],
                    errors=failed[each.name],
                )
            )
        return found

    return routes
