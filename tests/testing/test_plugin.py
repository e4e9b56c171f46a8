"""The pytest plugin, as a project of its own has it."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import json
import pytest
from pizzabar.testing import AsyncWorld, World


def test_a_guest_orders(pizzabar: World):
    guest = pizzabar.connect()
    guest.send({"type": "margherita"})
    pizzabar.advance(25)
    assert len(guest.received) == 6


def test_a_world_is_new_for_each_test(pizzabar: World):
    assert pizzabar.items("Orders") == []


async def test_a_coroutine(pizzabar: AsyncWorld):
    guest = await pizzabar.connect()
    await guest.send({"type": "margherita"})
    assert len(guest.received) == 1


def test_a_server(pizzabar_server: World):
    import httpx
    assert httpx.get(pizzabar_server.url + "/_pizzabar/health").status_code == 200


@pytest.mark.pizzabar(stack_name="other")
def test_settings(pizzabar: World):
    assert pizzabar.items("other-Orders") == []


def test_a_template(pizzabar_template):
    world = pizzabar_template("own.yaml")
    assert world.items("Things") == []
"""
TEMPLATE = """
Resources:
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
"""
CONFTEST = """
import asyncio, inspect, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
"""


def test_a_project_has_worlds_for_its_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own=TESTS)
    pytester.makeconftest(CONFTEST)
    (pytester.path / "own.yaml").write_text(TEMPLATE)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=6)


def test_worlds_of_several_processes_do_not_meet(pytester: pytest.Pytester) -> None:
    """With pytest-xdist: each test in one of two processes, at the same time as others."""
    pytester.makepyfile(test_one=TESTS, test_other=TESTS)
    pytester.makeconftest(CONFTEST)
    (pytester.path / "own.yaml").write_text(TEMPLATE)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "2")

    result.assert_outcomes(passed=12)
    result.stdout.fnmatch_lines(["2 workers*"])
    assert not (pytester.path / ".pizzabar").exists()


def test_nothing_is_imported_for_those_who_ask_for_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_it():
            assert not {"pizzabar.emulator", "fastapi", "httpx"} & set(sys.modules)
    """)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=1)


def test_a_failure_explains_itself(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_it(pizzabar):
            pizzabar.connect().send("{}")
            pizzabar.assert_event({"detail": {"status": ["burnt"]}})
    """)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['*detail.status wants ?"burnt"?, found "order accepted"*'])
