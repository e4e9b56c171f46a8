"""
State machines whose executions are traced, and the header that an execution was started with.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
"""

from pathlib import Path

from pizzabar.documents import JSON
from pizzabar.trace_header import read_trace_header
from tests.stepfunctions.service import step_functions

HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
TOLD = {"Wait": {"Type": "Wait", "Seconds": 5, "Next": "Tell"}, "Tell": {
    "Type": "Task",
    "Resource": "arn:aws:states:::events:putEvents",
    "Parameters": {"Entries": [{"Source": "oven", "DetailType": "hot", "Detail": {}}]},
    "End": True,
}}  # fmt: skip
ENABLED: JSON = {"enabled": True}


async def test_a_machine_tells_whether_it_is_traced() -> None:
    async with step_functions() as ask:
        plain, traced = (
            await ask.machine("plain", TOLD),
            await ask.machine("oven", TOLD, tracingConfiguration=ENABLED),
        )

        for arn, is_traced in ((plain, False), (traced, True)):
            described = await ask("DescribeStateMachine", stateMachineArn=arn)
            assert described["tracingConfiguration"] == {"enabled": is_traced}
        await ask("UpdateStateMachine", stateMachineArn=plain, tracingConfiguration=ENABLED)
        assert (await ask("DescribeStateMachine", stateMachineArn=plain))["tracingConfiguration"] == ENABLED
        assert (await ask.fails("UpdateStateMachine", stateMachineArn=plain)).startswith("MissingRequiredParameter")
        of_execution = await ask("DescribeStateMachineForExecution", executionArn=await ask.start(plain))
        assert of_execution["tracingConfiguration"] == ENABLED


async def test_a_machine_is_traced_after_a_restart(tmp_path: Path) -> None:
    async with step_functions(tmp_path / "state.db") as ask:
        arn = await ask.machine("oven", TOLD, tracingConfiguration=ENABLED, publish=True)
    async with step_functions(tmp_path / "state.db") as ask:
        for each in (arn, f"{arn}:1"):
            assert (await ask("DescribeStateMachine", stateMachineArn=each))["tracingConfiguration"] == ENABLED


async def test_what_an_execution_does_is_sampled_if_its_machine_is_traced() -> None:
    async with step_functions() as ask:
        for name, more, sampled in (("plain", {}, None), ("oven", {"tracingConfiguration": ENABLED}, True)):
            arn = await ask.start(await ask.machine(name, TOLD, **more))
            await ask.advance(seconds=5)

            *_, started, put = [
                hop for hop in ask.emulator.journal if hop.operation in ("StartExecution", "PutEvents")
            ]
            assert (started.sampled, put.sampled, put.parent) == (sampled, sampled, started.id)
            header = read_trace_header((await ask("DescribeExecution", executionArn=arn))["traceHeader"])
            assert header == started.header()


async def test_an_execution_goes_on_with_the_trace_that_its_parameters_name() -> None:
    async with step_functions() as ask:
        arn = await ask.start(await ask.machine("plain", TOLD), traceHeader=HEADER)
        await ask.advance(seconds=5)

        [put] = [hop for hop in ask.emulator.journal if hop.operation == "PutEvents"]
        assert (put.trace_id, put.sampled) == ("1-5759e988-bd862e3fe1be46a994272793", True)
        told = (await ask("DescribeExecution", executionArn=arn))["traceHeader"]
        assert told.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=")


async def test_the_trace_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with step_functions(tmp_path / "state.db") as ask:
        arn = await ask.start(await ask.machine("oven", TOLD, tracingConfiguration=ENABLED))
        [started] = [hop for hop in ask.emulator.journal if hop.operation == "StartExecution"]
    async with step_functions(tmp_path / "state.db") as ask:
        await ask.advance(seconds=5)

        [put] = [hop for hop in ask.emulator.journal if hop.operation == "PutEvents"]
        assert (put.trace_id, put.parent, put.sampled) == (started.trace_id, 0, True)
        assert put.origin is not None
        assert put.origin.parent == started.segment_id
        assert (await ask("DescribeExecution", executionArn=arn))["traceHeader"] == str(started.header())


async def test_a_trace_header_that_is_refused() -> None:
    async with step_functions() as ask:
        arn = await ask.machine("plain", TOLD)

        for header, code in ((7, "SerializationException"), ("x" * 257, "Validation"), ("é", "Validation")):
            assert (await ask.fails("StartExecution", stateMachineArn=arn, traceHeader=header)).startswith(code)
        # What names no trace is not looked at.
        assert await ask.start(arn, traceHeader="nonsense")
