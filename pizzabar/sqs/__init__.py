"""Amazon SQS: standard and FIFO queues, and their messages."""
