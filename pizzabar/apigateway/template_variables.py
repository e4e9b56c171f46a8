"""
The variables of a mapping template: ``$input``, ``$context``, ``$stageVariables`` and ``$util``.

Pure.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

import base64
import binascii
import copy
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import quote_plus, unquote_plus

from pizzabar import documents
from pizzabar.apigateway.java_objects import TemplateObject, overload
from pizzabar.apigateway.java_text import JavaException, check_length, from_json, to_text
from pizzabar.apigateway.json_path import MISSING, InvalidPath, compile_path
from pizzabar.documents import JSON, NotJSON
from pizzabar.record import record

KNOWN = frozenset({"input", "context", "stageVariables", "util"})
"""The names that AWS gives."""


@record
class Variables:
    """What a mapping template is rendered with.

    ``params`` has the maps ``header``, ``querystring`` and ``path``; those left out are empty.
    """

    body: str = ""
    context: Mapping[str, JSON] = field(default_factory=dict)
    params: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)


def bind(variables: Variables, *, apart: bool) -> dict[str, object]:
    """Name the variables as a template does; ``apart`` from the caller's, for a template that may change them."""
    context, params, stage_variables = variables.context, variables.params, variables.stage_variables
    if apart:
        context, params, stage_variables = copy.deepcopy((context, params, stage_variables))
    return {
        "input": Input(variables.body, params),
        "context": context if type(context) is dict else dict(context),
        "stageVariables": stage_variables if type(stage_variables) is dict else dict(stage_variables),
        "util": UTIL,
    }


class Input(TemplateObject):
    """``$input``: the payload, and the parameters of the request."""

    java_name = "$input"
    __slots__ = ("_document", "_params", "_payload", "body")

    def __init__(self, body: str, params: Mapping[str, Mapping[str, str]]) -> None:
        self.body = body
        self._params = params
        self._document: JSON = MISSING
        self._payload: JSON = MISSING

    def json(self, path: str = "$") -> str:
        """Give the part of the payload that a path names, as JSON text; ``""`` (two quotes) if it is not there."""
        if self._document is MISSING:
            # An empty payload stands for an empty object here: the pass-through templates of the console rely on it.
            self._document = _parse(self.body) if self.body.strip() else {}
        found = _find(path, self._document)
        return '""' if found is MISSING else documents.write(found)

    def path(self, path: str) -> JSON:
        """Give the part of the payload that a path names as an object; null if it is not there."""
        if not self.body.strip():
            return None
        if self._payload is MISSING:
            self._payload = from_json(_parse(self.body))
        found = _find(path, self._payload)
        if found is MISSING:
            return None
        return from_json(found) if type(found) is list else found

    def params(self) -> dict[str, dict[str, str]]:
        """Give all parameters: the maps of the path, the query string and the headers."""
        return {name: dict(self._params.get(name, {})) for name in ("path", "querystring", "header")}

    def param(self, name: str) -> str:
        """Give one parameter, looked for in path, query string and headers, in this order; empty if there is none."""
        for place in ("path", "querystring", "header"):
            if (value := self._params.get(place, {}).get(name)) is not None:
                return value
        return ""

    @property
    def weight(self) -> int:
        """How many characters a method has to look at: it goes through the payload."""
        return len(self.body)

    properties = {"body": lambda value: value.body}
    methods = {
        "json": overload(json, str) + overload(json),
        "path": overload(path, str),
        "params": overload(params) + overload(param, str),
    }


def escape_java_script(text: str) -> str:
    r"""Escape a text so that it can stand between quotes.

    AWS names the function and that ``'`` becomes ``\'``. The rest (``/`` to ``\/``, anything beyond ASCII to
    ``\uXXXX`` in capitals) is what Commons Lang 2 does under the same name; no AWS page confirms or denies it.
    https://commons.apache.org/proper/commons-lang/javadocs/api-2.6/org/apache/commons/lang/StringEscapeUtils.html
    """
    if text.isascii() and text.isprintable():
        # The common case, and a fifth of the time.
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'").replace("/", "\\/")
    return text.translate(_ESCAPES)


class _Escapes(dict[int, str]):
    """Every character's escape; those of plain ones are themselves."""

    def __missing__(self, code: int) -> str:
        if 32 <= code < 127:
            escape = chr(code)
        elif code < 0x10000:
            escape = f"\\u{code:04X}" if code != 127 else "\x7f"
        else:
            high, low = divmod(code - 0x10000, 0x400)
            escape = f"\\u{0xD800 + high:04X}\\u{0xDC00 + low:04X}"
        if code < 0x80:
            self[code] = escape
        return escape


_ESCAPES = _Escapes(
    {
        ord(character): "\\" + escape
        for character, escape in {
            "\b": "b",
            "\n": "n",
            "\t": "t",
            "\f": "f",
            "\r": "r",
            "'": "'",
            '"': '"',
            "\\": "\\",
            "/": "/",
        }.items()
    }
)


def _escape(util: object, value: object) -> str | None:
    return None if value is None else escape_java_script(to_text(value))


def _parse_json(util: object, text: str) -> JSON:
    return from_json(_parse(text))


def _url_encode(util: object, text: str) -> str:
    # java.net.URLEncoder leaves "*" and encodes "~", unlike Python.
    check_length(len(text) * 3)
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")


def _url_decode(util: object, text: str) -> str:
    return unquote_plus(text)


def _base64_encode(util: object, text: str) -> str:
    check_length(len(text) * 2)
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def _base64_decode(util: object, text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise JavaException("java.lang.IllegalArgumentException", str(error)) from None


class Util(TemplateObject):
    """``$util``"""

    java_name = "$util"

    methods = {
        "escapeJavaScript": overload(_escape, object),
        "parseJson": overload(_parse_json, str),
        "urlEncode": overload(_url_encode, str),
        "urlDecode": overload(_url_decode, str),
        "base64Encode": overload(_base64_encode, str),
        "base64Decode": overload(_base64_decode, str),
    }


UTIL = Util()


def _parse(text: str) -> JSON:
    try:
        return documents.parse(text)
    except NotJSON as error:
        raise JavaException("com.jayway.jsonpath.InvalidJsonException", str(error)) from None


def _find(path: str, document: JSON) -> JSON:
    try:
        return compile_path(path).get(document)
    except InvalidPath as error:
        raise JavaException("com.jayway.jsonpath.InvalidPathException", str(error)) from None
