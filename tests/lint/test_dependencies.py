"""What functions import and do not list, variables that they do not declare, and runtimes."""

from collections.abc import Callable
from datetime import date

import pytest

from pizzabar.lint.runtimes import DEPRECATED
from tests.lint.stacks import function, line_of, template

Codes = Callable[..., list[str]]
NODE = template(function("nodejs24.x"))
PYTHON = template(function("python3.14"))
PACKAGE = '{"dependencies": {"uuid": "^9.0.0", "@scope/tool": "1"}, "devDependencies": {"left-pad": "1"}}'


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("import x from 'lodash';", "PB402"),
        ("import {\n  one, // of many\n  two as second,\n} from 'lodash/fp';", "PB402"),
        ("const x = require('left-pad');", "PB402"),
        ("export * from `lodash`;\nconst x = await import('lodash');", "PB402"),
        ("import 'aws-sdk';", "PB402"),
        ("import { S3 } from '@aws-sdk/client-s3';", "PB403"),
        ("import { parse as uuid } from 'uuid'; import t from '@scope/tool/deep.js';", None),
        ("import fs from 'fs'; import p from 'node:path'; const c = require('crypto');", None),
        ("import fs from 'fs/promises'; export const from = 'lodash';", None),
        ("// import x from 'lodash'\nconst text = \"import x from 'lodash'\"; const r = /require('lodash')/;", None),
        ("const name = 'lodash'; const x = await import(name); module.require('lodash');", None),
    ],
)
def test_imports_of_javascript(codes: Codes, program: str, found: str | None) -> None:
    files = {"code/index.mjs": program + "\n", "code/package.json": PACKAGE}
    line = 2 if "export *" in program else 1

    assert codes(NODE, files) == ([f"code/index.mjs:{line} {found}"] if found else [])


def test_what_is_imported_from_beside_the_handler_counts(codes: Codes) -> None:
    files = {
        "code/index.js": "import { a } from './lib/a.js'; const b = require('./b');",
        "code/lib/a.js": "\nimport x from 'lodash';",
        "code/b/index.js": "import '../b/c.cjs'",
        "code/b/c.cjs": "require('moment')",
        "code/never.js": "import x from 'nobody-runs-this'",
        "code/package.json": PACKAGE,
    }

    assert codes(NODE, files) == ["code/b/c.cjs:1 PB402", "code/lib/a.js:2 PB402"]


def test_the_sdk_that_a_runtime_brings_along_is_that_of_its_version(codes: Codes) -> None:
    files = {"code/index.js": "require('aws-sdk');\nrequire('@aws-sdk/client-s3')", "code/package.json": PACKAGE}
    stack = template(function("nodejs16.x"))

    found = codes(stack, files, date(2024, 1, 1))

    assert found == ["code/index.js:1 PB403", "code/index.js:2 PB402"]


@pytest.mark.parametrize(
    ("program", "requirements", "found"),
    [
        ("import requests", "", "PB402"),
        ("from requests.adapters import HTTPAdapter", "httpx==0.28", "PB402"),
        ("import boto3", "", "PB403"),
        ("from botocore.exceptions import ClientError", "boto3>=1.34", None),
        ("import requests", "# pinned\nRequests[socks] == 2.32 ; python_version > '3'", None),
        ("import yaml, dateutil", "PyYAML\npython-dateutil", None),
        ("import os, json.decoder", "", None),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests", "", None),
        ("try:\n    import requests\nexcept ImportError:\n    requests = None", "", None),
        ("import requests", "-r other.txt", None),
    ],
)
def test_imports_of_python(codes: Codes, program: str, requirements: str, found: str | None) -> None:
    files = {"code/index.py": program, "code/requirements.txt": requirements}

    assert codes(PYTHON, files) == ([f"code/index.py:1 {found}"] if found else [])


def test_modules_of_ones_own(codes: Codes) -> None:
    files = {
        "code/index.py": "import orders\nfrom kitchen import oven",
        "code/orders.py": "import nowhere",
        "code/kitchen/__init__.py": "",
        "code/kitchen/oven.py": "from . import heat",
        "code/kitchen/heat.py": "def warm():\n    import elsewhere",
    }

    assert codes(PYTHON, files) == ["code/kitchen/heat.py:2 PB402", "code/orders.py:1 PB402"]


def test_what_is_installed_beside_the_handler_is_there_unless_it_is_for_development(codes: Codes) -> None:
    files = {
        "code/index.js": "import 'lodash';\nimport 'left-pad';\nimport 'nowhere';\nimport '@aws-sdk/client-s3';",
        "code/package.json": PACKAGE,
        **{f"code/node_modules/{name}/index.js": "" for name in ("lodash", "left-pad", "@aws-sdk/client-s3")},
    }

    assert codes(NODE, files) == ["code/index.js:2 PB402", "code/index.js:3 PB402", "code/index.js:4 PB403"]


def test_a_layer_may_have_the_package(codes: Codes) -> None:
    layer = """
Shared:
  Type: AWS::Serverless::LayerVersion
  Properties: {ContentUri: layer}
"""
    stack = template(function("python3.14", more="Layers: [!Ref Shared]"), layer)
    files = {"code/index.py": "import requests\nimport httpx", "layer/python/requests/__init__.py": ""}

    assert codes(stack, files) == ["code/index.py:2 PB402"]


@pytest.mark.parametrize(
    ("program", "is_found"),
    [
        ("const x = `no item of ${ID}`", True),
        ("const ID = 1; const x = `item ${ID}`", False),
        ("function f(ID) { return `item ${ID}` }", False),
        ("const x = `item ${`in ${ID} in`}`", True),
        ("const x = '${ID}'; const y = `${process}`", False),
    ],
)
def test_a_variable_that_nothing_declares(codes: Codes, program: str, is_found: bool) -> None:
    assert codes(NODE, {"code/index.js": program}) == (["code/index.js:1 PB404"] if is_found else [])


def test_a_runtime_is_out_of_support_from_its_day_on(codes: Codes) -> None:
    files = {"code/index.js": ""}
    end = DEPRECATED["nodejs24.x"]
    place = f"template.yaml:{line_of(NODE, 'nodejs24.x')}"

    assert codes(NODE, files, end) == [f"{place} PB401"]
    assert codes(NODE, files, date.fromordinal(end.toordinal() - 1)) == []
