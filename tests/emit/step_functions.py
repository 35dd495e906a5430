"""Step Functions as moto interprets it, and functions of Lambda that are Python.

moto runs the definition itself; of Lambda it has no more than a name that is called, so
here the call is answered by a handler.
"""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import DefaultConfig

REGION = "us-east-1"
PATIENCE = 30.0
BUSY = "Lambda.TooManyRequestsException"
ERRORS = {"fail": "Failed", "raise": "OSError", "busy": BUSY}
CONFIG: DefaultConfig = {
    "stepfunctions": {"execute_state_machine": True},
    "lambda": {"use_docker": False},
}


class End(NamedTuple):
    """How an execution has ended: its status, the error, and what is done.

    Its status is `RUNNING` if it waits for somebody who never answers.
    """

    status: str
    error: str
    done: Mapping[str, Any]


class Functions:
    """What the handlers do, and what whoever is asked answers.

    `acts` lists what the next calls of a handler do: `fail` says that nothing happened,
    `raise` says nothing, `busy` was not called; anything else is returned. `answers`
    are given to whoever waits with a token, by the state or the step; `asked` is what
    was known then.
    """

    def __init__(self) -> None:
        self.acts: dict[str, list[Any]] = defaultdict(list)
        self.answers: dict[str, list[Any]] = defaultdict(list)
        self.calls: list[str] = []
        self.payloads: list[dict[str, Any]] = []
        self.waiting: list[dict[str, Any]] = []
        self.asked: dict[str, dict[str, Any]] = {}

    def invoke(self, name: str, body: str, headers: dict[str, str]) -> bytes:
        """Answer a call as Lambda does."""
        given = json.loads(body)
        act = self.acts[name].pop(0) if self.acts[name] else None
        if "token" in given and act is None:
            self.waiting.append(given)
            self.asked[given.get("state") or given["step"]] = given["input"]
            return b"null"
        if "token" not in given:
            self.calls.append(name)
            self.payloads.append(given)
        if error := ERRORS.get(str(act)):
            headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": error, "errorMessage": "no"}).encode()
        return json.dumps(act).encode()

    def silent(self) -> bool:
        """Whether somebody waits in vain."""
        return False

    def answer(self, client: Any) -> None:
        """Answer whoever waits and is not left without."""
        for given in list(self.waiting):
            answers = self.answers[given.get("state") or given["step"]]
            if answers:
                self.waiting.remove(given)
                said = json.dumps(answers.pop(0))
                client.send_task_success(taskToken=given["token"], output=said)


@contextmanager
def step_functions(functions: Functions, text: str) -> Iterator[Any]:
    """A client, and the definition deployed with a function for each name in it."""
    with pytest.MonkeyPatch.context() as patch, mock_aws(config=CONFIG):
        patch.setattr(
            LambdaSimpleBackend,
            "invoke",
            lambda _, name, qualifier, body, given, answered: functions.invoke(
                name, body, answered
            ),
        )
        role = boto3.client("iam", REGION).create_role(
            RoleName="saga", AssumeRolePolicyDocument="{}"
        )["Role"]["Arn"]
        functions_of = boto3.client("lambda", REGION)
        for name in sorted(set(re.findall(r'"FunctionName": "\$\{(\w+)\}"', text))):
            functions_of.create_function(
                FunctionName=name,
                Runtime="python3.12",
                Role=role,
                Handler="handlers.handler",
                Code={"ZipFile": _code()},
            )
        client = boto3.client("stepfunctions", REGION)
        filled = re.sub(r"\$\{(\w+)\}", r"\1", text)
        # Our handlers answer at once, but the first call of all may wait for moto.
        filled = filled.replace('"TimeoutSeconds": 1,', '"TimeoutSeconds": 60,')
        client.create_state_machine(name="saga", definition=filled, roleArn=role)
        yield client


def run(functions: Functions, text: str, name: str = "42") -> End:
    """Deploy a definition, and run one execution to its end."""
    with step_functions(functions, text) as client:
        return execute(functions, client, name)


def execute(functions: Functions, client: Any, name: str) -> End:
    """Run an execution of what is deployed."""
    (machine,) = client.list_state_machines()["stateMachines"]
    given = json.dumps({"customer": "anna"})
    execution = client.start_execution(
        stateMachineArn=machine["stateMachineArn"], name=name, input=given
    )["executionArn"]
    end = time.monotonic() + PATIENCE
    while True:
        told = client.describe_execution(executionArn=execution)
        if told["status"] != "RUNNING" or functions.silent():
            done = json.loads(told.get("output") or "{}").get("done", {})
            return End(told["status"], told.get("error", ""), done)
        assert time.monotonic() < end, (functions.calls, functions.waiting)
        functions.answer(client)
        time.sleep(0.02)


def _code() -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handlers.py", "")
    return code.getvalue()
