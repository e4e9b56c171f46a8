"""EventBridge Scheduler: schedules that ask operations of services, once or again and again."""
