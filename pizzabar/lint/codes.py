"""
The codes of findings, in one table. A code keeps its meaning; the hundreds are the families.

The README's table is this one: ``python -m tests.lint.test_codes`` writes it.
"""

from pizzabar.lint.finding import Code, Severity

_GUIDES = "https://docs.aws.amazon.com"
_GATEWAY = f"{_GUIDES}/apigateway/latest/developerguide"
_LAMBDA = f"{_GUIDES}/lambda/latest/dg"
_EVENTS = f"{_GUIDES}/eventbridge/latest/userguide"
_SQS = f"{_GUIDES}/AWSSimpleQueueService/latest/SQSDeveloperGuide"
_STATES = f"{_GUIDES}/step-functions/latest/dg"


def _code(code: str, severity: Severity, title: str, mend: str, url: str) -> Code:
    return Code(code, severity, title, mend, url)


_CODES = (
    _code(
        "PB001",
        "error",
        "the template cannot be loaded: it is faulty, or has what pizzabar does not support",
        "Correct what is faulty; `--lenient` goes over what pizzabar does not support.",
        f"{_GUIDES}/AWSCloudFormation/latest/UserGuide/template-anatomy.html",
    ),
    _code(
        "PB002",
        "warning",
        "something that pizzabar does not support, and `--lenient` goes over",
        "Mind that it does nothing here: what refers to it gets a name, and a task of it fails unless it is mocked.",
        f"{_GUIDES}/AWSCloudFormation/latest/UserGuide/template-anatomy.html",
    ),
    # Tables
    _code(
        "PB101",
        "error",
        "a time to live in milliseconds, which DynamoDB reads as seconds",
        "Divide by 1000 before adding the seconds that the item is to live: `… / 1000 + 86400`.",
        f"{_GUIDES}/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html",
    ),
    _code(
        "PB102",
        "warning",
        "a connection's item holds the one id of what is written for it, so that a second overwrites the first",
        "Take the id from the event that is handled (an execution's name, say), or clear it when all is done.",
        f"{_GUIDES}/amazondynamodb/latest/APIReference/API_PutItem.html",
    ),
    # Routes
    _code(
        "PB201",
        "warning",
        "a route response without `RouteResponseSelectionExpression`",
        "Set `RouteResponseSelectionExpression: $default` if clients are to be answered, else delete the response.",
        f"{_GATEWAY}/apigateway-websocket-api-route-response.html",
    ),
    _code(
        "PB202",
        "error",
        "a deployment that does not wait for all routes of its API",
        "Name every route of the API in the deployment's `DependsOn`, or give the stage `AutoDeploy: true`.",
        f"{_GUIDES}/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-deployment.html",
    ),
    # Mapping templates
    _code(
        "PB301",
        "warning",
        "a map printed as Java writes it, `{Host=…}`, into JSON",
        "Write out the members with `#foreach`, or put `$util.escapeJavaScript(…)` around the map.",
        f"{_GATEWAY}/api-gateway-mapping-template-reference.html",
    ),
    _code(
        "PB302",
        "error",
        "a JSON message printed into a string of JSON as it is",
        'Put `$util.escapeJavaScript(…)` around it, with `.replaceAll("\\\\\'", "\'")` after it.',
        f"{_GATEWAY}/api-gateway-mapping-template-reference.html",
    ),
    _code(
        "PB303",
        "error",
        "a form for SQS that is not said to be one",
        "Set `integration.request.header.Content-Type: \"'application/x-www-form-urlencoded'\"` in its "
        "`RequestParameters`.",
        f"{_SQS}/sqs-making-api-requests-xml.html",
    ),
    _code(
        "PB304",
        "warning",
        "a message printed into a form as it is",
        "Put `$util.urlEncode(…)` around it.",
        f"{_GATEWAY}/api-gateway-mapping-template-reference.html",
    ),
    _code(
        "PB305",
        "error",
        "a message for a FIFO queue without its group, or without the deduplication id that the queue needs",
        "Add `&MessageGroupId=…`, and `&MessageDeduplicationId=$context.requestId` or "
        "`ContentBasedDeduplication: true`.",
        f"{_GUIDES}/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html",
    ),
    # Functions
    _code(
        "PB401",
        "warning",
        "a runtime out of support",
        "Name a runtime that is supported; the table of Lambda's runtimes has the dates.",
        f"{_LAMBDA}/lambda-runtimes.html",
    ),
    _code(
        "PB402",
        "error",
        "an import of what is neither built in nor listed as a dependency",
        "List the package in `dependencies` of the folder's `package.json`, or in its `requirements.txt`.",
        f"{_LAMBDA}/nodejs-package.html",
    ),
    _code(
        "PB403",
        "note",
        "an import of the AWS SDK that only Lambda's runtime brings along",
        "List the package as a dependency, so that its version is yours and the function runs elsewhere too.",
        f"{_LAMBDA}/lambda-runtimes.html",
    ),
    _code(
        "PB404",
        "error",
        "a variable in a template literal that is declared nowhere",
        "Declare the variable, or name the one that is meant.",
        f"{_LAMBDA}/nodejs-handler.html",
    ),
    # Rules
    _code(
        "PB501",
        "error",
        "a log group as a rule's target, and no policy that lets EventBridge write to it",
        "Add an `AWS::Logs::ResourcePolicy` that allows `events.amazonaws.com` and `delivery.logs.amazonaws.com` "
        "`logs:CreateLogStream` and `logs:PutLogEvents` on the group.",
        f"{_EVENTS}/eb-use-resource-based.html",
    ),
    _code(
        "PB502",
        "warning",
        "an event pattern that no event of the template can match",
        "Compare the pattern with the events that are put; it matches values exactly, case included.",
        f"{_EVENTS}/eb-event-patterns.html",
    ),
    # State machines
    _code(
        "PB601",
        "error",
        "a state that nothing leads to",
        "Lead to the state with a `Next`, `Default` or `Catch`, or delete it.",
        f"{_STATES}/statemachine-structure.html",
    ),
    _code(
        "PB602",
        "warning",
        "a choice rule that is never taken, for one before it has the same test",
        "Correct the test, or delete the rule.",
        f"{_STATES}/state-choice.html",
    ),
    _code(
        "PB603",
        "note",
        "a definition substitution that the definition does not use",
        "Delete the substitution, or use it in the definition as `${Name}`.",
        f"{_GUIDES}/serverless-application-model/latest/developerguide/sam-resource-statemachine.html",
    ),
    _code(
        "PB604",
        "error",
        "a `${Name}` in a definition that nothing is put in for",
        "Give the name a value in `DefinitionSubstitutions`.",
        f"{_GUIDES}/serverless-application-model/latest/developerguide/sam-resource-statemachine.html",
    ),
    # Policies and roles
    _code(
        "PB701",
        "warning",
        "a policy that names the stage of an API literally",
        "Put the stage's own name into the ARN, as `${ApiStageName}` or `${Stage}`.",
        f"{_GATEWAY}/apigateway-websocket-control-access-iam.html",
    ),
    _code(
        "PB702",
        "note",
        "a role that nothing uses",
        "Delete the role, or name it where it was meant.",
        f"{_GUIDES}/IAM/latest/UserGuide/best-practices.html",
    ),
    _code(
        "PB703",
        "error",
        "a function or state machine without the role that it must have",
        "Name a role: `Role` of a function, `RoleArn` of a state machine. SAM makes one where none is named.",
        f"{_GUIDES}/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html",
    ),
    # Sizes
    _code(
        "PB801",
        "error",
        "environment variables of more than 4 KB",
        "Move values into a file of the function's, or into Parameter Store.",
        f"{_LAMBDA}/gettingstarted-limits.html",
    ),
    _code(
        "PB802",
        "error",
        "a definition of more than 1 MiB",
        "Split the state machine; one can start another.",
        f"{_STATES}/service-quotas.html",
    ),
    _code(
        "PB803",
        "error",
        "a payload of more than 256 KiB written into a state, which its input or an entry of PutEvents cannot be",
        "Keep the payload elsewhere, and hand on its key.",
        f"{_STATES}/service-quotas.html",
    ),
    _code(
        "PB804",
        "warning",
        "an event pattern of more than 2048 characters",
        "Shorten the pattern, split the rule, or have the quota raised.",
        f"{_EVENTS}/eb-quota.html",
    ),
    _code(
        "PB805",
        "error",
        "a constant input of a target of more than 8192 characters",
        "Hand on the matched event, and add what is constant in the target.",
        f"{_GUIDES}/eventbridge/latest/APIReference/API_Target.html",
    ),
    _code(
        "PB806",
        "error",
        "an answer of more than 128 KB written into a response template, which no WebSocket message can be",
        "Send less, or in several messages.",
        f"{_GATEWAY}/apigateway-execution-service-websocket-limits-table.html",
    ),
)
CODES = {each.code: each for each in _CODES}
"""Every code, by its name."""
