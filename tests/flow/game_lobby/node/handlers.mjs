// What the function of the game lobby does, on the AWS SDK that Lambda's runtime brings along.

import { ApiGatewayManagementApi } from '@aws-sdk/client-apigatewaymanagementapi';

const client = new ApiGatewayManagementApi({ endpoint: process.env.ENDPOINT });

export const tell_players = async (event) => {
  const { game, seconds, players } = event.detail;
  const news = { happened: event['detail-type'], game };
  if (seconds !== undefined) news.seconds = seconds;
  for (const ConnectionId of players) {
    await client.postToConnection({ ConnectionId, Data: JSON.stringify(news) });
  }
};
