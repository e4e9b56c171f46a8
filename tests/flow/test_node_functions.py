"""
Functions in Node.js, in processes of their own.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow.stacks import stack

RUNTIME = "nodejs20.x"


def node(folder: Path, app: str, *, file: str = "app.mjs", runtime: str = RUNTIME, **more: Any) -> Any:
    """Run a function of one file."""
    return stack(folder, {file: app}, runtime=runtime, **more)


@pytest.mark.parametrize(
    ("file", "app"),
    [
        ("app.mjs", "export const handler = async (event) => ({ event });"),
        ("app.js", "exports.handler = async (event) => ({ event });"),
        ("app.cjs", "exports.handler = (event, context, callback) => callback(null, { event });"),
        ("app.js", "exports.handler = (event, context) => context.succeed({ event });"),
    ],
)
async def test_modules_and_handlers_of_every_kind(tmp_path: Path, file: str, app: str) -> None:
    async with node(tmp_path, app, file=file) as tell:
        assert await tell.invoke({"größe": [1, 2.5, None]}) == {"event": {"größe": [1, 2.5, None]}}
        assert await tell.invoke(2) == {"event": 2}


async def test_a_package_says_what_its_files_are(tmp_path: Path) -> None:
    files = {
        "package.json": '{"type": "module"}',
        "kitchen/app.js": "import { kind } from './dough.js';\nexport const nested = { handler: async () => kind };",
        "kitchen/dough.js": "export const kind = 'sour';",
    }
    async with stack(tmp_path, files, runtime=RUNTIME, handler="kitchen/app.nested.handler") as tell:
        assert await tell.invoke() == "sour"


async def test_the_context_is_complete(tmp_path: Path) -> None:
    app = """
export const handler = async (event, context) => {
  const left = context.getRemainingTimeInMillis();
  return { ...context, left, trace: process.env._X_AMZN_TRACE_ID, cwd: process.cwd(), argv: process.argv.length };
};
"""
    async with node(tmp_path, app) as tell:
        told = await tell.invoke()

        [start, *_] = await tell.lines()
        assert start == f"START RequestId: {told.pop('awsRequestId')} Version: $LATEST"
        assert "/[$LATEST]" in told.pop("logStreamName")
        assert 10_000 < told.pop("left") <= 20_000
        assert told.pop("trace").startswith("Root=1-")
        assert told == {
            "callbackWaitsForEmptyEventLoop": True,
            "functionName": "Tell",
            "functionVersion": "$LATEST",
            "memoryLimitInMB": "128",
            "logGroupName": "/aws/lambda/Tell",
            "invokedFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:Tell",
            "cwd": str(tmp_path / "src"),
            "argv": 1,
        }


async def test_what_a_handler_throws(tmp_path: Path) -> None:
    app = """
class NoDough extends Error { name = 'NoDough'; }
export const handler = async (event) => { throw event === 'text' ? 'no dough' : new NoDough('none left'); };
"""
    async with node(tmp_path, app) as tell:
        error = await tell.fails()

        assert (error["errorType"], error["errorMessage"]) == ("NoDough", "none left")
        assert error["trace"][1].strip().startswith("at ")
        assert str(tmp_path / "src" / "app.mjs") in error["trace"][1]
        assert await tell.fails("text") == {"errorType": "string", "errorMessage": "no dough", "trace": []}
        [first, _] = [line for line in await tell.lines() if "\tERROR\tInvoke Error \t" in line]
        assert json.loads(first.rpartition("\t")[2])["stack"] == error["trace"]


async def test_what_is_written_comes_into_the_log_in_order(tmp_path: Path) -> None:
    app = """
console.log('imported');
export const handler = async () => {
  console.log('one %d', 1, { two: 2 });
  console.warn('three\\nlines');
  process.stderr.write('four\\n');
  console.error(new Error('five').message);
};
"""
    async with node(tmp_path, app) as tell:
        await tell.invoke()

        lines = await tell.lines()
        request_id = lines[1].split()[2]
        told = [line.split("\t")[1:] for line in lines if "\t" in line and not line.startswith("REPORT")]
        assert told == [
            ["undefined", "INFO", "imported"],
            [request_id, "INFO", "one 1 { two: 2 }"],
            [request_id, "WARN", "three\nlines"],
            [request_id, "ERROR", "five"],
        ]
        assert lines.index("four") == 4


@pytest.mark.parametrize(
    ("app", "handler", "error", "message"),
    [
        (
            "import x from 'nowhere';",
            "app.handler",
            "Runtime.ImportModuleError",
            "Cannot find package 'nowhere' imported",
        ),
        ("", "other.handler", "Runtime.ImportModuleError", "Cannot find module 'other'"),
        ("export const x = 1;", "app.handler", "Runtime.HandlerNotFound", "app.handler is undefined or not exported"),
        ("export const handler = 1;", "app.handler", "Runtime.HandlerNotFound", "app.handler is not a function"),
        ("export const (", "app.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected token '('"),
        ("null.x", "app.handler", "TypeError", "Cannot read properties of null"),
        ("", "app", "Runtime.MalformedHandlerName", "Bad handler"),
        ("process.exit(3)", "app.handler", "Runtime.ExitError", " Error: Runtime exited with error: exit status 3"),
    ],
)
async def test_a_handler_that_cannot_be_loaded(
    tmp_path: Path, app: str, handler: str, error: str, message: str
) -> None:
    async with node(tmp_path, app, handler=handler) as tell:
        told = await tell.fails()

        assert told["errorType"] == error
        assert message in told["errorMessage"]


async def test_a_callback_is_refused_where_the_runtime_has_none(tmp_path: Path) -> None:
    app = "exports.handler = (event, context, callback) => callback(null, 1);"
    async with node(tmp_path, app, file="app.js", runtime="nodejs24.x") as tell:
        assert (await tell.fails())["errorType"] == "Runtime.CallbackHandlerDeprecated"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            "Promise.reject(new Error('burnt')); await new Promise((go) => setTimeout(go, 5000));",
            "Runtime.UnhandledP",
        ),
        (
            "setTimeout(() => { throw new RangeError('burnt'); }); await new Promise((go) => setTimeout(go, 5000));",
            "Ra",
        ),
    ],
)
async def test_what_nobody_catches_ends_the_process(tmp_path: Path, body: str, error: str) -> None:
    app = f"export const handler = async (event) => {{ if (event) {{ {body} }} return process.pid; }};"
    async with node(tmp_path, app) as tell:
        before = await tell.invoke()

        told = await tell.fails("burn")

        assert told["errorType"].startswith(error)
        assert told["errorMessage"].endswith("burnt")
        assert await tell.invoke() != before


async def test_with_nothing_left_to_be_done_the_result_is_null(tmp_path: Path) -> None:
    async with node(tmp_path, "export const handler = () => new Promise(() => {});") as tell:
        assert await tell.invoke() is None
        assert await tell.invoke() is None


async def test_a_callback_waits_for_what_is_left_to_be_done(tmp_path: Path) -> None:
    app = """
let late = 0;
exports.handler = (event, context, callback) => {
  if (event) context.callbackWaitsForEmptyEventLoop = false;
  setTimeout(() => { late += 1; }, 30);
  callback(null, () => {});
  setImmediate(() => console.log('late', late));
};
exports.count = async () => late;
"""
    async with node(tmp_path, app, file="app.js") as tell:
        assert await tell.invoke() is None
        assert [line.rpartition("\t")[2] for line in await tell.lines() if "late" in line] == ["late 0"]


@pytest.mark.parametrize(
    ("body", "error", "result"),
    [
        ("context.fail('Unauthorized'); return null;", "Unauthorized", None),
        ("callback(null, 'called'); return 'returned';", None, "called"),
        ("callback(null, 'called');", None, "called"),
        ("context.succeed('succeeded'); throw new Error('thrown');", None, "succeeded"),
        ("context.done(null, 'done'); callback('called');", None, "done"),
        ("callback('called'); context.succeed('succeeded');", "called", None),
        ("await null; return 'returned';", None, "returned"),
    ],
)
async def test_the_first_outcome_counts(tmp_path: Path, body: str, error: str | None, result: str | None) -> None:
    """As ``onlyAllowFirstCall`` of Lambda's runtime has it."""
    app = f"exports.handler = async (event, context, callback) => {{ {body} }};"
    async with node(tmp_path, app, file="app.js") as tell:
        for _ in range(2):
            if error is None:
                assert await tell.invoke() == result
            else:
                assert (await tell.fails())["errorMessage"] == error


async def test_only_a_result_of_the_callback_waits_for_what_is_left_to_be_done(tmp_path: Path) -> None:
    app = """
exports.handler = (event, context, callback) => {
  const late = [];
  setTimeout(() => { late.push(event); }, 30);
  if (event === 'succeed') context.succeed(late);
  if (event === 'callback') callback(null, late);
};
"""
    async with node(tmp_path, app, file="app.js") as tell:
        assert await tell.invoke("succeed") == []
        assert await tell.invoke("callback") == ["callback"]


async def test_what_takes_too_long_is_killed(tmp_path: Path) -> None:
    app = "export const handler = async (event) => { while (event); return process.pid; };"
    async with node(tmp_path, app, timeout=1) as tell:
        before = await tell.invoke()

        error = await tell.fails("hang")

        assert error["errorType"] == "Sandbox.Timedout"
        assert error["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
        assert await tell.invoke() != before


async def test_streaming_is_refused_by_name(tmp_path: Path) -> None:
    app = "export const handler = awslambda.streamifyResponse(async () => {});"
    async with node(tmp_path, app) as tell:
        assert "response streaming is not supported" in (await tell.fails())["errorMessage"]


async def test_aws_is_not_reached(tmp_path: Path) -> None:
    app = """
import dns from 'node:dns/promises';
export const handler = async () => {
  const refused = [];
  await fetch('https://sqs.us-east-1.amazonaws.com').catch((error) => refused.push(error.cause.message));
  await dns.lookup('sqs.us-east-1.amazonaws.com').catch((error) => refused.push(error.message));
  return [...refused, (await dns.lookup('a1b2.execute-api.localhost')).address];
};
"""
    async with node(tmp_path, app) as tell:
        *refused, local = await tell.invoke()

        assert len(refused) == 2
        for message in refused:
            assert "sqs.us-east-1.amazonaws.com is AWS, which pizzabar's functions do not reach" in message
            assert f"AWS_ENDPOINT_URL, {tell.emulator.endpoints.address}" in message
            assert "PIZZABAR_REACH_AWS=true" in message
        assert [line.split("\t")[2:] for line in await tell.lines() if "is AWS" in line] == [["WARN", refused[0]]]
        assert local == "127.0.0.1"


async def test_dependencies_are_installed_once_and_kept(tmp_path: Path) -> None:
    dough = tmp_path / "src" / "dough"
    files = {
        "package.json": '{"dependencies": {"dough": "file:./dough"}}',
        "app.mjs": "import kind from 'dough';\nexport const handler = async () => kind;",
        "other.cjs": "exports.handler = async () => require('dough').default ?? require('dough');",
        "dough/package.json": '{"name": "dough", "version": "1.0.0", "main": "index.cjs"}',
        "dough/index.cjs": "module.exports = 'sour';",
    }
    for handler in ("app.handler", "other.handler"):
        async with stack(tmp_path, files, runtime=RUNTIME, handler=handler) as tell:
            assert await tell.invoke() == "sour"
    assert not (tmp_path / "src" / "node_modules").exists()
    assert dough.exists()
    assert len(list((tmp_path / "cache" / "build").glob("packages-*"))) == 1


async def test_code_behind_a_symbolic_link_finds_its_dependencies(tmp_path: Path) -> None:
    files = {
        "package.json": '{"dependencies": {"dough": "file:./dough"}}',
        "app.mjs": "import kind from 'dough';\nexport const handler = async () => kind;",
        "dough/package.json": '{"name": "dough", "version": "1.0.0", "main": "index.cjs"}',
        "dough/index.cjs": "module.exports = 'sour';",
    }
    (tmp_path / "really").mkdir()
    (tmp_path / "src").symlink_to(tmp_path / "really", target_is_directory=True)
    async with stack(tmp_path, files, runtime=RUNTIME) as tell:
        assert await tell.invoke() == "sour"


async def test_what_is_beside_the_handler_counts_for_more(tmp_path: Path) -> None:
    files = {
        "package.json": '{"dependencies": {"dough": "1.0.0"}}',
        "app.mjs": "import kind from 'dough';\nexport const handler = async () => kind;",
        "node_modules/dough/package.json": '{"name": "dough", "main": "index.cjs"}',
        "node_modules/dough/index.cjs": "module.exports = 'its own';",
    }
    async with stack(tmp_path, files, runtime=RUNTIME) as tell:
        assert await tell.invoke() == "its own"


async def test_layers_are_looked_in_after_the_function(tmp_path: Path) -> None:
    package = tmp_path / "layer" / "nodejs" / "node_modules" / "oven"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "oven", "main": "index.cjs"}')
    (package / "index.cjs").write_text("module.exports = 400;")
    more = """      Layers: [!Ref Oven]
  Oven:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: ./layer}
"""
    async with node(
        tmp_path, "import oven from 'oven';\nexport const handler = async () => oven;", more=more
    ) as tell:
        assert await tell.invoke() == 400
