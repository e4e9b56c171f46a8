"""
The control plane: what a person or a test asks of the emulator itself, under ``/_pizzabar/``.

Its own OpenAPI description is at ``/_pizzabar/docs``. It is imported on first use: the library that makes it takes
longer to import than the rest of the server. Whatever changes something is a POST, which a web page of another origin
cannot send here.
"""

from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from pizzabar import __version__, documents
from pizzabar.documents import NotJSON
from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.journal import plain
from pizzabar.wire import pages
from pizzabar.wire.control import (
    clock,
    connections,
    events,
    executions,
    faults,
    functions,
    health,
    iam,
    journal,
    live,
    logs,
    mapping_templates,
    recordings,
    resources,
    state_machines,
    tables,
    traces,
)
from pizzabar.wire.control.page import page
from pizzabar.wire.control.problem import REFUSALS, status_of
from pizzabar.wire.feeds import Feeds


class Answer(JSONResponse):
    """JSON as the rest of pizzabar writes it, whatever was journalled."""

    def render(self, content: Any) -> bytes:
        return documents.encode(content)


def make_control(emulator: Emulator, feeds: Feeds) -> FastAPI:
    """Make the control plane of an emulator; whoever follows something is told by one of the ``feeds``."""
    app = FastAPI(
        title="pizzabar",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=REFUSALS,
        default_response_class=Answer,
        dependencies=[Depends(_see_that_it_is_json)],
    )
    for router in (
        health.router(emulator),
        clock.router(emulator),
        connections.router(emulator),
        executions.router(emulator),
        faults.router(emulator),
        state_machines.router(emulator),
        functions.router(emulator),
        events.router(emulator, feeds),
        tables.router(emulator),
        logs.router(emulator, feeds),
        journal.router(emulator, feeds),
        live.router(emulator, feeds),
        traces.router(emulator),
        resources.router(emulator),
        iam.router(emulator),
        mapping_templates.router(emulator),
        recordings.router(emulator),
    ):
        app.include_router(router)

    @app.get("/", include_in_schema=False)
    async def front(request: Request) -> Response:
        """Give the console to a browser; others are shown what there is to ask."""
        root = request.scope["root_path"]
        if "text/html" not in request.headers.get("accept", ""):
            return RedirectResponse(f"{root}/docs")
        if not request.scope.get("raw_path", b"/").endswith(b"/"):
            # What the page names is beneath it.
            return RedirectResponse(f"{root}/")
        found = pages.console(request.scope["headers"])
        return Response(found.body, found.status, {name.decode(): value.decode() for name, value in found.headers})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        """Show what there is. The usual page would load its program from another site."""
        return HTMLResponse(page(app.openapi()))

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> Response:
        """Answer as FastAPI does, whatever was given: its own writer cannot write an infinite number."""
        return _answer(422, {"detail": plain(jsonable_encoder(error.errors(), custom_encoder={ValueError: str}))})

    @app.exception_handler(ServiceError)
    async def tell(request: Request, error: ServiceError) -> Response:
        """Answer with what a service said."""
        return _answer(status_of(error), {"detail": error.message or error.code, "code": error.code})

    return app


async def _see_that_it_is_json(request: Request) -> None:
    """Refuse what the rest of pizzabar would not take for JSON, half a character say: FastAPI's reader takes it."""
    body = await request.body()
    try:
        if body:
            documents.parse(body)
    except NotJSON as error:
        fault = {"type": "json_invalid", "loc": ("body",), "msg": str(error), "input": None}
        raise RequestValidationError([fault]) from None


def _answer(status: int, body: Any) -> Response:
    return Response(documents.encode(body), status, media_type="application/json")
