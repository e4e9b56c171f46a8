"""
The Python side of the Lambda Runtime API: it runs a handler in a process of its own.

It stands alone: nothing of pizzabar's is imported here, for the process belongs to the handler. Its one argument is a
JSON object: ``paths`` are looked in for modules after the function's own folder, ``reaches_aws`` tells whether
names of AWS may be resolved, ``tls_port`` where those of APIs are if not, and ``debug`` has the ``port`` to wait for
a debugger at and the ``path`` of debugpy.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
"""

import decimal
import importlib
import json
import logging
import os
import re
import socket
import sys
import time
import traceback
from http.client import HTTPConnection, HTTPResponse
from typing import Any, NoReturn

VERSION = "/2018-06-01/runtime"
AWS_NAMES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
IS_API = re.compile(r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com").fullmatch


class Context:
    """What a handler knows of its invocation.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    def __init__(self, answer: HTTPResponse) -> None:
        self.aws_request_id = answer.getheader("Lambda-Runtime-Aws-Request-Id", "")
        self.invoked_function_arn = answer.getheader("Lambda-Runtime-Invoked-Function-Arn", "")
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = int(answer.getheader("Lambda-Runtime-Deadline-Ms", "0"))

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long the invocation may still take."""
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log group."""
        write(str(message))


class RequestId(logging.Filter):
    """Gives each log record the id of the invocation at hand."""

    value = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.aws_request_id = self.value
        return True


class JsonFormatter(logging.Formatter):
    """Writes log records as JSON objects, with what the author has added to them.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html#python-logging-advanced
    """

    own = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "aws_request_id"})

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        told: dict[str, Any] = {
            "timestamp": timestamp(record.created),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": getattr(record, "aws_request_id", ""),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, trace = record.exc_info
            told["stackTrace"] = traceback.format_tb(trace)
            told["errorType"] = kind.__name__
            told["errorMessage"] = str(error)
            told["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        added = {name: value for name, value in record.__dict__.items() if name not in self.own}
        return json.dumps({**added, **told}, ensure_ascii=False, default=str)


class LogHandler(logging.Handler):
    """Writes log records, each as one event however many lines it has."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        write(self.format(record))


def write(message: str) -> None:
    """Write one event to the log: carriage returns stand for the line ends within it."""
    sys.stdout.write(message.rstrip("\n").replace("\n", "\r") + "\n")
    sys.stdout.flush()


def timestamp(seconds: float) -> str:
    """Write a time."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1000):03}Z"


class Runtime:
    """The Runtime API, as the process sees it."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(address)

    def next(self) -> tuple[bytes, HTTPResponse]:
        """Wait for an invocation."""
        self._connection.request("GET", f"{VERSION}/invocation/next")
        answer = self._connection.getresponse()
        return answer.read(), answer

    def post(self, path: str, body: str, error_type: str | None = None) -> None:
        """Tell how something ended."""
        headers = {"Content-Type": "application/json"}
        if error_type is not None:
            headers["Lambda-Runtime-Function-Error-Type"] = error_type
        self._connection.request("POST", f"{VERSION}/{path}", body.encode("utf-8", "surrogatepass"), headers)
        self._connection.getresponse().read()


def stay_away_from_aws(tls_port: int | None) -> None:
    """Refuse to resolve names of AWS, but those of APIs, and resolve those of ``localhost`` as the system may not.

    ``https://{api-id}.execute-api.{region}.amazonaws.com`` is at a port of this machine, if there is one.
    """
    resolve = socket.getaddrinfo
    refused = set()

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode("latin-1") if isinstance(host, bytes) else host
        if isinstance(name, str):
            if tls_port is not None and IS_API(name.lower()):
                named.pop("port", None)
                return resolve("127.0.0.1", tls_port, *arguments[1:], **named)
            if name.lower().rstrip(".").endswith(AWS_NAMES):
                why = (
                    f"{name} is AWS, which pizzabar's functions do not reach: services are at AWS_ENDPOINT_URL, "
                    f"{os.environ.get('AWS_ENDPOINT_URL')}, and connections at the domainName and stage of their "
                    "context; PIZZABAR_REACH_AWS=true lets it through"
                )
                # Clients say what they like of an address that is not found.
                if name not in refused:
                    logging.getLogger("pizzabar").warning(why)
                refused.add(name)
                raise socket.gaierror(socket.EAI_FAIL, why)
            if name.lower().endswith(".localhost"):
                host = "127.0.0.1"
        return resolve(host, *arguments, **named)

    socket.getaddrinfo = getaddrinfo


def is_json() -> bool:
    """Tell whether the log is one in JSON."""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def set_up_logging() -> RequestId:
    """Have the root logger write as Lambda's does.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    text = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    handler.setFormatter(JsonFormatter() if is_json() else logging.Formatter(text, "%Y-%m-%dT%H:%M:%S"))
    wanted = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = logging.getLevelName("DEBUG" if wanted == "TRACE" else wanted)
    if isinstance(level, int):
        logging.getLogger().setLevel(level)
    request_id = RequestId()
    handler.addFilter(request_id)
    logging.getLogger().addHandler(handler)
    return request_id


def error_document(type: str, message: str, request_id: str, stack: list[str]) -> dict[str, Any]:
    """Write an error as Lambda's Python runtime does.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    return {"errorMessage": message, "errorType": type, "requestId": request_id, "stackTrace": stack}


class InitError(Exception):
    """Raised when there is no handler to be had."""

    def __init__(self, type: str, message: str, stack: list[str]) -> None:
        super().__init__(message)
        self.document = error_document(type, message, "", stack)


def load(handler: str) -> Any:
    """Find the handler. Raise ``InitError``."""
    name, dot, attribute = handler.rpartition(".")
    if not dot:
        message = f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)"
        raise InitError("Runtime.MalformedHandlerName", message, [])
    try:
        module = importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{name}': {error}"
        raise InitError("Runtime.ImportModuleError", message, []) from error
    except SyntaxError as error:
        stack = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}\n']
        raise InitError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{name}': {error}", stack) from error
    except Exception as error:
        raise InitError(type(error).__name__, str(error), stack_of(error)) from error
    try:
        return getattr(module, attribute)
    except AttributeError:
        message = f"Handler '{attribute}' missing on module '{name}'"
        raise InitError("Runtime.HandlerNotFound", message, []) from None


def stack_of(error: BaseException) -> list[str]:
    """Give the frames of an error that are not this file's, or the import machinery's."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = (__file__, importlib.__file__, "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
    return traceback.format_list([frame for frame in frames if frame.filename not in ours])


def plain(value: Any) -> Any:
    """Give what stands in JSON for a value that has no form there."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def log_error(document: dict[str, Any]) -> None:
    """Write an error to the log."""
    if is_json():
        write(json.dumps({"timestamp": timestamp(time.time()), "level": "ERROR", **document}, ensure_ascii=False))
        return
    stack = document["stackTrace"]
    traced = f"\nTraceback (most recent call last):\n{''.join(stack)}" if stack else ""
    write(f"[ERROR] {document['errorType']}: {document['errorMessage']}{traced}")


def answer(runtime: Runtime, handler: Any, request_id: RequestId) -> None:
    """Wait for an invocation, handle it, and tell how it ended."""
    body, head = runtime.next()
    context = Context(head)
    request_id.value = context.aws_request_id
    os.environ["_X_AMZN_TRACE_ID"] = head.getheader("Lambda-Runtime-Trace-Id", "")
    path = f"invocation/{context.aws_request_id}"
    document: dict[str, Any] | None = None
    text = ""
    try:
        result = handler(json.loads(body), context)
        try:
            text = json.dumps(result, ensure_ascii=False, default=plain)
        except (TypeError, ValueError) as error:
            message = f"Unable to marshal response: {error}"
            document = error_document("Runtime.MarshalError", message, context.aws_request_id, [])
    except Exception as error:
        document = error_document(type(error).__name__, str(error), context.aws_request_id, stack_of(error))
    if document is None:
        sys.stdout.flush()
        sys.stderr.flush()
        runtime.post(f"{path}/response", text)
        return
    log_error(document)
    runtime.post(f"{path}/error", json.dumps(document), document["errorType"])


def main() -> NoReturn:
    """Find the handler, and serve until nobody asks any more."""
    given = json.loads(sys.argv[1])
    root = os.environ["LAMBDA_TASK_ROOT"]
    # This file's own folder, which Python puts first, is nothing to the handler.
    sys.path[:1] = [root, *given["paths"]]
    sys.argv = [os.environ["_HANDLER"]]
    if not given["reaches_aws"]:
        stay_away_from_aws(given["tls_port"])
    if given["debug"] is not None:
        sys.path.append(given["debug"]["path"])
        debugger = importlib.import_module("debugpy")
        sys.path.pop()
        debugger.listen(("127.0.0.1", given["debug"]["port"]))
    runtime = Runtime(os.environ["AWS_LAMBDA_RUNTIME_API"])
    request_id = set_up_logging()
    try:
        handler = load(os.environ["_HANDLER"])
    except InitError as error:
        log_error(error.document)
        runtime.post("init/error", json.dumps(error.document), error.document["errorType"])
        sys.exit(1)
    try:
        while True:
            answer(runtime, handler, request_id)
    except ConnectionError:
        # pizzabar has ended.
        sys.exit(0)


if __name__ == "__main__":
    main()
