"""
What is installed of the AWS SDK for JavaScript, which Lambda's runtimes bring along.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html#nodejs-sdk-included
"""

import json
from pathlib import Path

import pytest

from pizzabar.local.node_packages import node_packages


@pytest.mark.parametrize(
    ("version", "program", "wanted"),
    [
        ("16", "require('aws-sdk')", {"aws-sdk": "^2"}),
        ("12", "require('aws-sdk/clients/dynamodb')", {"aws-sdk": "^2"}),
        ("18", "require('aws-sdk')", {}),
        ("20", "import { S3 } from '@aws-sdk/client-s3';", {"@aws-sdk/client-s3": "^3"}),
    ],
)
def test_the_sdk_is_that_of_the_runtime(tmp_path: Path, version: str, program: str, wanted: dict[str, str]) -> None:
    (tmp_path / "app.js").write_text(program)

    install = node_packages(tmp_path, version)

    found = {} if install is None else json.loads(install.files["package.json"])["dependencies"]
    assert found == wanted


def test_what_is_listed_is_of_the_version_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("require('aws-sdk')")
    (tmp_path / "package.json").write_text('{"dependencies": {"aws-sdk": "2.1000.0"}}')

    install = node_packages(tmp_path, "16")

    assert install is not None
    assert json.loads(install.files["package.json"])["dependencies"] == {"aws-sdk": "2.1000.0"}
