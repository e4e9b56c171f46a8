"""
Task tokens: which task of which execution an answer is for.

A token is derived from the seed of its execution by a keyed hash, so that it is the same whenever it is asked for,
and nobody without the seed can make one.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from pizzabar.stepfunctions.execution import Execution

_DIGEST = sha256().digest_size


def task_token(execution: Execution, op: int) -> str:
    """Give the token of a task."""
    name = f"{op}:{execution.arn}".encode()
    digest = hmac.digest(execution.seed.encode(), name, "sha256")
    return urlsafe_b64encode(digest + name).decode()


def read_task_token(token: str) -> tuple[str, int] | None:
    """Give the ARN and the op that a token names, or None when it is not a token.

    Whether the token is genuine shows only by comparing it with ``task_token`` of that execution.
    """
    try:
        op, _, arn = urlsafe_b64decode(token.encode())[_DIGEST:].decode().partition(":")
    except ValueError:
        return None
    return (arn, int(op)) if arn and op.isascii() and op.isdigit() and len(op) < 20 else None
