"""Amazon EventBridge: event buses, rules and targets."""
