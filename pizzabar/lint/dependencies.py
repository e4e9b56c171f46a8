"""
Dependencies that a function imports and does not list, and variables that it does not declare.

https://docs.aws.amazon.com/lambda/latest/dg/nodejs-package.html
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

import posixpath
import re
from collections.abc import Collection, Iterator

from pizzabar.cloudformation.node import Position
from pizzabar.documents import JSON, parse
from pizzabar.lint import javascript_imports, python_imports
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.lint.sources import FUNCTION, Module, Script, folder_of, sources_of
from pizzabar.lint.subject import Subject
from pizzabar.resource import Resource

_LISTS = ("dependencies", "optionalDependencies", "peerDependencies")
"""What npm installs for production; it leaves ``devDependencies`` out."""
_SDK_3 = ("@aws-sdk/", "@smithy/")
_BOTO = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"})
"""The AWS SDK of Python's runtimes, by the names that it is imported by, and what it needs itself."""
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_AS_IMPORTED = {
    "attrs": "attr",
    "beautifulsoup4": "bs4",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "pil",
    "protobuf": "google",
    "psycopg2-binary": "psycopg2",
    "pycryptodome": "crypto",
    "pyjwt": "jwt",
    "pymysql": "pymysql",
    "python-dateutil": "dateutil",
    "python-dotenv": "dotenv",
    "python-jose": "jose",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
}
"""Packages that are imported by another name than they are installed by; both in lower case."""


def check(subject: Subject) -> Iterator[Finding]:
    """Find imports of what is not listed. Of a package that several files import, each is told."""
    for function in subject.of(FUNCTION):
        sources = sources_of(subject, function)
        scripts = [each for each in sources if isinstance(each, Script)]
        modules = [each for each in sources if isinstance(each, Module)]
        if scripts:
            yield from _of_scripts(subject, function, scripts)
        if modules:
            yield from _of_modules(subject, function, modules)


def _of_scripts(subject: Subject, function: Resource, scripts: list[Script]) -> Iterator[Finding]:
    described = _description(subject, function)
    listed = None if described is None else _listed(described, *_LISTS)
    for_development = () if described is None else _listed(described, "devDependencies")
    runtime = str(function.properties["Runtime"])
    for script in scripts:
        for each in javascript_imports.imports(script.tokens):
            package = each.package
            if package is None or listed is None or package in listed or _is_layered(subject, function, package):
                continue
            shipped = package == "aws-sdk" if _major(runtime) < 18 else package.startswith(_SDK_3)
            beside = posixpath.join(folder_of(function) or ".", "node_modules", package)
            if not shipped and package not in for_development and subject.is_there(beside):
                # It has been put there, or comes with what is listed.
                continue
            yield _unlisted(function, script.place(each.offset), package, "package.json", runtime if shipped else "")
        for token in javascript_imports.undeclared(script.tokens):
            why = f"{token.text} is declared nowhere in this file: where the text is made, it throws a ReferenceError"
            yield Finding(CODES["PB404"], script.place(token.offset), function.logical_id, why)


def _of_modules(subject: Subject, function: Resource, modules: list[Module]) -> Iterator[Finding]:
    listed = _requirements(subject, function)
    folder = folder_of(function) or "."
    runtime = str(function.properties["Runtime"])
    for module in modules:
        for each in python_imports.imports(module.tree):
            package = each.package
            if not package or listed is None or package.lower() in listed:
                continue
            beside = (posixpath.join(folder, package), posixpath.join(folder, f"{package}.py"))
            if any(map(subject.is_there, beside)) or _is_layered(subject, function, package):
                continue
            if package in _BOTO and "boto3" in listed:
                continue
            place = Position(module.file, each.line, each.column)
            yield _unlisted(function, place, package, "requirements.txt", runtime if package in _BOTO else "")


def _unlisted(function: Resource, place: Position, package: str, file: str, shipped_by: str) -> Finding:
    if shipped_by:
        why = (
            f"{package} is not in {file}: on AWS it is what {shipped_by} brings along, of a version that AWS changes"
        )
        return Finding(CODES["PB403"], place, function.logical_id, why)
    why = f"{package} is neither built in nor in {file}: the function fails as soon as it is loaded"
    return Finding(CODES["PB402"], place, function.logical_id, why)


def _major(runtime: str) -> int:
    found = re.match(r"nodejs(\d+)", runtime)
    return 0 if found is None else int(found[1])


def _description(subject: Subject, function: Resource) -> dict[str, JSON] | None:
    """Give what a function's ``package.json`` says; nothing if there is none, None when it cannot be known."""
    file = posixpath.join(folder_of(function) or ".", "package.json")
    if not subject.is_there(file):
        return {}
    try:
        described = parse(subject.read_file(file))
    except (OSError, ValueError):
        return None
    return described if isinstance(described, dict) else None


def _listed(described: dict[str, JSON], *lists: str) -> Collection[str]:
    """Give the packages that are listed, and the described one itself, which may import itself by its name."""
    given = [described.get(name) for name in lists]
    return {str(described.get("name")), *(name for each in given if isinstance(each, dict) for name in each)}


def _requirements(subject: Subject, function: Resource) -> Collection[str] | None:
    """Give the names that a function's requirements are imported by; None when that cannot be known."""
    file = posixpath.join(folder_of(function) or ".", "requirements.txt")
    if not subject.is_there(file):
        return ()
    names = set()
    try:
        lines = subject.read_file(file).splitlines()
    except (OSError, ValueError):
        return None
    for line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = _REQUIREMENT.match(stripped)
        if found is None or "://" in stripped:
            # Another file, an option, an address: what comes of it is not seen here.
            return None
        name = re.sub(r"[-_.]+", "-", found[0]).lower()
        names |= {_AS_IMPORTED.get(name, name), name.replace("-", "_"), name.removeprefix("python-")}
    return names


def _is_layered(subject: Subject, function: Resource, package: str) -> bool:
    """Whether a layer of the function may have a package."""
    for arn in function.properties.get("Layers", ()):
        layer = subject.named("AWS::Lambda::LayerVersion", arn)
        content = None if layer is None else layer.properties.get("Content")
        if not isinstance(content, str) or not subject.is_there(posixpath.join(content, ".")):
            return True
        places = (f"nodejs/node_modules/{package}", f"python/{package}", f"python/{package}.py")
        if any(subject.is_there(posixpath.join(content, place)) for place in places):
            return True
    return False
