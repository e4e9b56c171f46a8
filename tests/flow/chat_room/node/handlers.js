// What the functions of the chat room do, on the AWS SDK for JavaScript: the same as in process.

import { ApiGatewayManagementApi } from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDB } from '@aws-sdk/client-dynamodb';

const TOKENS = { 't-ada': 'Ada', 't-bob': 'Bob' };
const TableName = process.env.MEMBERS;
const dynamodb = new DynamoDB({});

export const check_token = async (event) => {
  const { token } = event.queryStringParameters;
  if (token === 'stale') throw new Error('Unauthorized');
  const name = TOKENS[token];
  return {
    principalId: token,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Action: 'execute-api:Invoke',
          Effect: name === undefined ? 'Deny' : 'Allow',
          Resource: event.methodArn,
        },
      ],
    },
    context: { name: name ?? '', vip: name === 'Ada' },
  };
};

export const enter = async () => ({ statusCode: 200 });

export const join = async (event) => {
  const { room } = JSON.parse(event.body);
  const { connectionId, authorizer } = event.requestContext;
  const Item = { room: { S: room }, connectionId: { S: connectionId }, name: { S: authorizer.name } };
  await dynamodb.putItem({ TableName, Item });
  await tell(event, room, { room, joined: authorizer.name });
  return { statusCode: 200 };
};

export const say = async (event) => {
  const { room, text } = JSON.parse(event.body);
  await tell(event, room, { room, from: event.requestContext.authorizer.name, text });
  return { statusCode: 200 };
};

export const leave = async (event) => {
  const { connectionId, authorizer, disconnectStatusCode, disconnectReason } = event.requestContext;
  const { Items } = await dynamodb.scan({ TableName });
  for (const member of Items) {
    if (member.connectionId.S === connectionId) {
      await dynamodb.deleteItem({ TableName, Key: keyOf(member) });
      const left = { left: authorizer.name, code: disconnectStatusCode, reason: disconnectReason };
      await tell(event, member.room.S, left);
    }
  }
};

export const explain = async (event) => ({
  statusCode: 200,
  body: `${process.env.GREETING}, ${event.requestContext.authorizer.name}: join, say or who`,
});

const keyOf = ({ room, connectionId }) => ({ room, connectionId });

async function tell(event, room, news) {
  const { domainName, stage } = event.requestContext;
  const client = new ApiGatewayManagementApi({ endpoint: `https://${domainName}/${stage}` });
  const { Items } = await dynamodb.query({
    TableName,
    KeyConditionExpression: 'room = :room',
    ExpressionAttributeValues: { ':room': { S: room } },
  });
  for (const member of Items) {
    try {
      await client.postToConnection({ ConnectionId: member.connectionId.S, Data: JSON.stringify(news) });
    } catch (error) {
      if (error.name !== 'GoneException') throw error;
      await dynamodb.deleteItem({ TableName, Key: keyOf(member) });
    }
  }
}
