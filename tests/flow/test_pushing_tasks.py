"""
State machines that push to a client by themselves, with a task that calls the API.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html
"""

import json
from typing import Any

from tests.flow.serving import PizzaBar, open_pizza_bar


async def ended(bar: PizzaBar, number: int, **parameters: Any) -> dict[str, Any]:
    """Run a state machine of one task, and describe its execution."""
    [api] = bar.emulator.apis
    given = {"ApiEndpoint": f"{api.id}.execute-api.us-east-1.amazonaws.com", "Method": "POST", "Stage": "api"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::apigateway:invoke", "Parameters": given | parameters}
    definition = json.dumps({"StartAt": "Push", "States": {"Push": {**task, "End": True}}})
    made = {"name": f"push-{number}", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/push"}
    machine = (await bar.emulator.call("stepfunctions", "CreateStateMachine", made))["stateMachineArn"]
    started = await bar.emulator.call("stepfunctions", "StartExecution", {"stateMachineArn": machine})
    await bar.emulator.settled()
    by_arn = {"executionArn": started["executionArn"]}
    described: dict[str, Any] = await bar.emulator.call("stepfunctions", "DescribeExecution", by_arn)
    return described


async def test_a_task_pushes_to_a_client_reads_its_connection_and_closes_it() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        [connection] = bar.emulator.runtime.connections
        path = f"/@connections/{connection.id.replace('=', '%3D')}"

        pushed = await ended(bar, 1, Path=path, RequestBody={"status": "baked"}, AuthType="IAM_ROLE")
        assert pushed["status"] == "SUCCEEDED"
        assert json.loads(pushed["output"])["StatusCode"] == 200
        assert await guest.recv() == '{"status":"baked"}'
        read = await ended(bar, 2, Path=path, Method="GET")
        assert json.loads(read["output"])["ResponseBody"]["identity"]["sourceIp"] in ("127.0.0.1", "::1")
        assert (await ended(bar, 3, Path=path, Method="DELETE"))["status"] == "SUCCEEDED"

        failed = await ended(bar, 4, Path=path, RequestBody="late")
        assert (failed["status"], failed["error"]) == ("FAILED", "ApiGateway.410")
