"""Amazon DynamoDB: tables, items and expressions."""
