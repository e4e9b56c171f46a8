"""``kill -9`` of a server with messages in its queues: what was acknowledged is there, and in flight as it was."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.running import SECONDS, environment, free_port, wait_for


@contextmanager
def killed_at_the_end(state: Path) -> Iterator[Any]:
    """Serve a state in a process that is killed, and give boto3's client of it."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "pizzabar.app:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, env=environment(state=state))
    try:
        wait_for(process, port)
        yield boto3.client(
            "sqs",
            endpoint_url=f"http://localhost:{port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"max_attempts": 0}, proxies={}),
        )
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(SECONDS)


def test_messages_survive(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    with killed_at_the_end(state) as sqs:
        queue = {"QueueUrl": sqs.create_queue(QueueName="orders.fifo", Attributes=fifo)["QueueUrl"]}
        for body in ("a1", "a2", "b1", "b2"):
            sqs.send_message(**queue, MessageBody=body, MessageGroupId=body[0])
        [message] = sqs.receive_message(**queue)["Messages"]
        assert message["Body"] == "a1"

    with killed_at_the_end(state) as sqs:
        queue = sqs.get_queue_url(QueueName="orders.fifo")
        del queue["ResponseMetadata"]
        # A duplicate is known, the group is in flight still, and its receipt is good.
        sqs.send_message(**queue, MessageBody="a1", MessageGroupId="a")
        others = sqs.receive_message(**queue, MaxNumberOfMessages=10)["Messages"]
        assert [each["Body"] for each in others] == ["b1", "b2"]
        sqs.delete_message(**queue, ReceiptHandle=message["ReceiptHandle"])

    with killed_at_the_end(state) as sqs:
        queue = sqs.get_queue_url(QueueName="orders.fifo")
        del queue["ResponseMetadata"]
        assert [each["Body"] for each in sqs.receive_message(**queue)["Messages"]] == ["a2"]
