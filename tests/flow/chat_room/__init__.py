"""A chat room: functions behind proxy routes, an authorizer, a request model, and a query of a table."""
