"""
How long a template of many routes takes to load: from its text to the last property.

Run with ``python -m tests.benchmarks.loading``. Each route has an integration of its own with a mapping template.
The floor is what the YAML parser alone takes for the events of the text.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from pizzabar.loading import load_stack
from pizzabar.settings import Settings

RUNS = 7
SIZES = ((1, 3), (2, 100), (20, 1_000))
"""APIs, and routes over all of them."""

API = """
  Api{api}:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: !Sub ${{AWS::StackName}}-{api}
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: $request.body.action
  Stage{api}:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api{api}
      StageName: prod
      AutoDeploy: true
"""
ROUTE = """
  Route{route}:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api{api}
      RouteKey: action{route}
      Target: !Sub integrations/${{Integration{route}}}
  Integration{route}:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api{api}
      IntegrationType: AWS
      IntegrationMethod: POST
      IntegrationUri: !Sub arn:aws:apigateway:${{AWS::Region}}:dynamodb:action/PutItem
      RequestTemplates:
        $default: !Sub |
          {{"TableName": "${{Table}}", "Item": {{"id": {{"S": "$context.connectionId"}}}}}}
"""
TABLE = """
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


def template(apis: int, routes: int) -> str:
    """Write a template of so many APIs with so many routes."""
    parts = ["Resources:", TABLE, *(API.format(api=api) for api in range(apis))]
    parts += [ROUTE.format(api=route % apis, route=route) for route in range(routes)]
    return "".join(parts)


def main() -> None:
    """Print a table."""
    # The first pays for imports.
    load_stack(Settings())
    print(
        f"{'APIs':>5} {'routes':>7} {'resources':>10} {'KB':>6} {'events, s':>10} {'load, s':>9}  (medians of {RUNS})"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.yaml"
        for apis, routes in SIZES:
            text = template(apis, routes)
            path.write_text(text)
            settings = Settings(template=path)
            resources = len(load_stack(settings).resources)
            events = _seconds(lambda text=text: [*yaml.parse(text, yaml.CSafeLoader)])  # type: ignore[misc]
            load = _seconds(lambda settings=settings: load_stack(settings))  # type: ignore[misc]
            print(f"{apis:>5} {routes:>7,} {resources:>10,} {len(text) / 1000:>6.0f} {events:>10.3f} {load:>9.3f}")


def _seconds(action: Callable[[], object]) -> float:
    """Measure what an action takes of the CPU."""
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        action()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
