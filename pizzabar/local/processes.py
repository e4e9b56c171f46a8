"""
How a function's process is begun: its command and its environment.

The environment is the one that Lambda gives, and the function's own; nothing of this machine's comes in, but for what
a process needs to be found and to be reached.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pizzabar.lambda_.code import Code
from pizzabar.lambda_.function import Function, RuntimeFault
from pizzabar.lambda_.sandboxes import Debugging, Surroundings
from pizzabar.record import record

BOOTSTRAP = Path(__file__).parent / "bootstrap"
NO_CALLBACKS_FROM = 24
"""https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html#nodejs-handler-callback"""
OF_OURS = 64 << 20
"""What a process maps beside its handler's own data, and Lambda does not count."""


@record
class Built:
    """The code of a function, ready to run: what runs it, its folder, where else packages are, and its layers."""

    interpreter: str
    folder: Path
    packages: tuple[Path, ...] = ()
    layers: tuple[Path, ...] = ()


@lru_cache(maxsize=16)
def interpreter_of(language: str, version: str) -> str:
    """Find what runs a language: the version's own program where it is installed and starts.

    It may take a while. Raise ``RuntimeFault`` when there is none.
    """
    if language == "python":
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        found = None if version == own else shutil.which(f"python{version}")
        return found if found is not None and _starts(found) else sys.executable
    node = shutil.which("node")
    if node is None:
        raise RuntimeFault("Runtime.InvalidEntrypoint", "Node.js is not installed: there is no node in PATH")
    return node


def _starts(program: str) -> bool:
    """Tell whether a program of that name is there: it may stand for a version that is not installed."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def command_of(function: Function, built: Built, around: Surroundings, debugging: Debugging | None) -> list[str]:
    """Give the command that begins a function's process. Raise ``RuntimeFault``."""
    code = function.handler
    assert isinstance(code, Code)
    names = {"reaches_aws": around.reaches_aws, "tls_port": around.tls_port}
    if code.language == "python":
        paths = [*map(str, built.packages), *(str(layer / "python") for layer in built.layers)]
        debug = None if debugging is None else {"port": debugging.port, "path": _path_of_debugpy()}
        given = {"paths": paths, **names, "debug": debug}
        # Without site, for what is installed beside pizzabar is not installed on Lambda; and nothing is written
        # beside the code.
        return [built.interpreter, "-S", "-B", "-u", str(BOOTSTRAP / "python.py"), json.dumps(given)]
    inspect = [] if debugging is None else [f"--inspect=127.0.0.1:{debugging.port}"]
    modules = [*map(str, built.packages), *(str(layer / "nodejs") for layer in built.layers)]
    given = {
        "modules": modules,
        **names,
        "is_callback_refused": int(code.version.partition(".")[0]) >= NO_CALLBACKS_FROM,
    }
    heap = f"--max-old-space-size={function.memory_size * 9 // 10}"
    return [built.interpreter, heap, *inspect, str(BOOTSTRAP / "node.mjs"), json.dumps(given)]


def _path_of_debugpy() -> str:
    spec = importlib.util.find_spec("debugpy")
    if spec is None or spec.origin is None:
        raise RuntimeFault("Runtime.InvalidEntrypoint", "debugpy is not installed: pip install 'pizzabar[debug]'")
    return str(Path(spec.origin).parents[1])


def environment_of(
    function: Function, built: Built, around: Surroundings, access_key: str, log_stream: str
) -> Mapping[str, str]:
    """Give the environment of a function's process."""
    code = function.handler
    assert isinstance(code, Code)
    binaries = [str(layer / "bin") for layer in built.layers]
    environment = {
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": os.pathsep.join([*(str(layer / "lib") for layer in built.layers), str(built.folder)]),
        "PATH": os.pathsep.join([*binaries, os.environ.get("PATH", os.defpath)]),
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
        "TZ": ":UTC",
        **function.environment,
        "_HANDLER": code.handler,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_DEFAULT_REGION": around.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{code.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_REGION": around.region,
        "AWS_SECRET_ACCESS_KEY": "not-checked-here",
        "AWS_SESSION_TOKEN": "not-checked-here",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LAMBDA_RUNTIME_DIR": str(BOOTSTRAP),
        "LAMBDA_TASK_ROOT": str(built.folder),
    }
    if function.json_log is not None:
        environment["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        environment["AWS_LAMBDA_LOG_LEVEL"] = function.json_log.application_level
    # The user's own profile is for AWS itself.
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        environment.setdefault(name, os.devnull)
    environment.setdefault("AWS_ENDPOINT_URL", around.endpoint)
    if around.authority is not None:
        environment.setdefault("AWS_CA_BUNDLE", str(around.authority))
        environment.setdefault("NODE_EXTRA_CA_CERTS", str(around.authority))
    if code.language == "node":
        modules = [str(each / "node_modules") for each in built.packages]
        modules += [str(layer / "nodejs" / "node_modules") for layer in built.layers]
        environment.setdefault("NODE_PATH", os.pathsep.join(modules))
    return environment


def memory_of(function: Function) -> int:
    """Give the bytes of data that a function's process may have."""
    return (function.memory_size << 20) + OF_OURS
