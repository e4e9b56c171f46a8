"""Amazon API Gateway: WebSocket APIs, their routes, integrations and connections."""
