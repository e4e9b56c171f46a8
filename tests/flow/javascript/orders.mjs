// The order flow driven and observed by the AWS SDK for JavaScript: run with the port of a pizza bar without waits.
import assert from "node:assert/strict";
import { ApiGatewayManagementApiClient, DeleteConnectionCommand, GetConnectionCommand, GoneException, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { ConditionalCheckFailedException, CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand, ResourceNotFoundException, ScanCommand, TransactWriteItemsCommand, TransactionCanceledException, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DescribeExecutionCommand, ExecutionDoesNotExist, ListExecutionsCommand, ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { CreateQueueCommand, DeleteMessageBatchCommand, GetQueueUrlCommand, QueueDoesNotExist, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import WebSocket from "ws";

const port = process.argv[2];
const options = {
  region: "us-east-1",
  endpoint: `http://localhost:${port}`,
  credentials: { accessKeyId: "any", secretAccessKey: "any" },
  maxAttempts: 1,
};
const dynamodb = new DynamoDBClient(options);
const states = new SFNClient(options);
const gateway = new ApiGatewayManagementApiClient({ ...options, endpoint: `${options.endpoint}/api` });

const socket = new WebSocket(`ws://localhost:${port}/api`);
const frames = [];
const waiting = [];
socket.on("message", (data) => (waiting.length ? waiting.shift()(String(data)) : frames.push(String(data))));
const frame = () => (frames.length ? frames.shift() : new Promise((resolve) => waiting.push(resolve)));
const closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve([code, String(reason)])));
await new Promise((resolve) => socket.on("open", resolve));

// An order, by its statuses and by what the services say of it.
socket.send(JSON.stringify({ type: "margherita" }));
const statuses = [];
while (statuses.length < 6) statuses.push(JSON.parse(JSON.parse(await frame()).message).status);
assert.equal(statuses.at(-1), "order delivered");
const { Items } = await dynamodb.send(new ScanCommand({ TableName: "pizzabar-Orders" }));
assert.deepEqual(Items[0].status, { S: "order delivered" });
const { stateMachines } = await states.send(new ListStateMachinesCommand({}));
const { stateMachineArn } = stateMachines.find((machine) => machine.name === "pizzabar-OrderFlow");
const { executions } = await states.send(new ListExecutionsCommand({ stateMachineArn }));
const execution = await states.send(new DescribeExecutionCommand({ executionArn: executions[0].executionArn }));
assert.ok(execution.startDate instanceof Date);
await assert.rejects(states.send(new DescribeExecutionCommand({ executionArn: `${executions[0].executionArn}x` })), ExecutionDoesNotExist);

// A push, and the end of a connection.
const connection = { ConnectionId: Items[0].connectionId.S };
await gateway.send(new PostToConnectionCommand({ ...connection, Data: "hello" }));
assert.equal(await frame(), "hello");
assert.ok((await gateway.send(new GetConnectionCommand(connection))).ConnectedAt instanceof Date);
await gateway.send(new DeleteConnectionCommand(connection));
assert.deepEqual(await closed, [1000, "Connection Closed Normally"]);
await assert.rejects(gateway.send(new PostToConnectionCommand({ ...connection, Data: "hello" })), GoneException);

// Tables.
const key = { KeySchema: [{ AttributeName: "id", KeyType: "HASH" }], AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }] };
await dynamodb.send(new CreateTableCommand({ TableName: "Music", BillingMode: "PAY_PER_REQUEST", ...key }));
await waitUntilTableExists({ client: dynamodb, maxWaitTime: 30 }, { TableName: "Music" });
const item = { TableName: "Music", Item: { id: { S: "1" }, raw: { B: new Uint8Array([0, 255]) } } };
await dynamodb.send(new PutItemCommand(item));
const got = await dynamodb.send(new GetItemCommand({ TableName: "Music", Key: { id: { S: "1" } } }));
assert.deepEqual([...got.Item.raw.B], [0, 255]);
const condition = { ConditionExpression: "attribute_not_exists(id)" };
await assert.rejects(dynamodb.send(new PutItemCommand({ ...item, ...condition })), ConditionalCheckFailedException);
await assert.rejects(
  dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { ...item, ...condition } }] })),
  (error) => error instanceof TransactionCanceledException && error.CancellationReasons[0].Code === "ConditionalCheckFailed",
);
await assert.rejects(dynamodb.send(new ScanCommand({ TableName: "nobody" })), ResourceNotFoundException);

// A function, and events.
const invoked = await new LambdaClient(options).send(new InvokeCommand({ FunctionName: "pizzabar-StatusFunction", Payload: "{}" }));
assert.equal(JSON.parse(new TextDecoder().decode(invoked.Payload)).statusCode, 404);
const put = await new EventBridgeClient(options).send(new PutEventsCommand({ Entries: [{ Source: "a", DetailType: "b", Detail: "{}", Time: new Date() }] }));
assert.equal(put.FailedEntryCount, 0);

// Queues, whose addresses the SDK asks: it checks the digests of what it sends and receives.
const queues = new SQSClient(options);
const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: "orders" }));
assert.equal(QueueUrl, `http://localhost:${port}/123456789012/orders`);
const polled = queues.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20, MessageAttributeNames: ["All"] }));
const MessageAttributes = { raw: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255]) } };
await queues.send(new SendMessageCommand({ QueueUrl, MessageBody: "margherita", MessageAttributes }));
const [message] = (await polled).Messages;
assert.deepEqual([...message.MessageAttributes.raw.BinaryValue], [0, 255]);
const Entries = [{ Id: "1", ReceiptHandle: message.ReceiptHandle }, { Id: "2", ReceiptHandle: "none" }];
const deleted = await queues.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
assert.deepEqual([deleted.Successful[0].Id, deleted.Failed[0].Code], ["1", "ReceiptHandleIsInvalid"]);
assert.equal((await queues.send(new ReceiveMessageCommand({ QueueUrl }))).Messages, undefined);
await assert.rejects(
  queues.send(new GetQueueUrlCommand({ QueueName: "none" })),
  (error) => error instanceof QueueDoesNotExist && error.name === "QueueDoesNotExist",
);
console.log("done");
