"""The AWS CLI's lines in the README, against a running server."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from websockets.sync.client import connect

from tests.running import SECONDS, running

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCK = re.search(r"```bash\n(export AWS_ENDPOINT_URL=.*?)```", README, re.DOTALL)


def lines() -> list[str]:
    """Give the lines of the README."""
    assert BLOCK is not None
    return [line for line in BLOCK[1].splitlines() if line.startswith("aws ")]


def test_every_service_has_a_line() -> None:
    services = {line.split()[1] for line in lines()}

    assert services >= {"dynamodb", "stepfunctions", "events", "logs", "apigatewaymanagementapi", "lambda"}


def test_the_lines_of_the_readme_run_as_written(tmp_path: Path) -> None:
    assert BLOCK is not None
    with running() as port:
        address = f"http://localhost:{port}"
        exported = dict(each.split("=", 1) for each in BLOCK[1].splitlines()[0].split()[1:])
        exported["AWS_ENDPOINT_URL"] = address
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        environment = {**os.environ, **exported, "PATH": path, "AWS_PAGER": ""}
        with connect(f"ws://localhost:{port}/api", compression=None, proxy=None) as guest:
            guest.send('{"type":"funghi"}')
            for _ in range(6):
                guest.recv(SECONDS)

            def run(line: str) -> str:
                done = subprocess.run(
                    shlex.split(line),
                    env=environment,
                    cwd=tmp_path,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert done.returncode == 0, done.stderr
                return str(done.stdout)

            scanned = json.loads(run("aws dynamodb scan --table-name pizzabar-Sessions"))
            connection = scanned["Items"][0]["connectionId"]["S"]
            answers = {}
            for line in lines():
                written = line.replace("http://localhost:8000", address).replace("e_d2EewNLPECIGw=", connection)
                answers[line.split()[1]] = json.loads(run(written))

    assert answers["dynamodb"]["Items"][0]["type"] == {"S": "funghi"}
    assert answers["stepfunctions"]["executions"][0]["status"] == "SUCCEEDED"
    assert len(answers["events"]["Rules"]) == 2
    [packed] = answers["logs"]["events"]
    assert packed["message"].endswith(": order is packed")
    assert answers["lambda"]["StatusCode"] == 200
    assert json.loads((tmp_path / "answer.json").read_text())["statusCode"] == 404
    assert answers["apigatewaymanagementapi"]["Identity"]["SourceIp"]
    assert answers["cloudformation"]["Stacks"][0]["StackName"] == "pizzabar"
    assert answers["sqs"]["QueueUrl"].endswith("/123456789012/orders")
    assert answers["sts"]["Account"] == "123456789012"


def test_the_cli_knows_an_error_by_its_name() -> None:
    with running() as port:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": f"http://localhost:{port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
        }
        aws = Path(sys.executable).parent / "aws"
        command = [str(aws), "dynamodb", "describe-table", "--table-name", "nobody"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode != 0
    assert "ResourceNotFoundException" in done.stderr
