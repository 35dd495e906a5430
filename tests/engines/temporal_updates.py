"""The updates of a workflow execution: they travel beside its history, as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import (
    Acceptance,
    Outcome,
    Rejection,
    Request,
    Response,
)

if TYPE_CHECKING:
    from temporal_execution import Execution


class Update:
    """An update; `accepted` is its event, 0 until it is accepted."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.accepted = 0
        self.outcome: Outcome | None = None


class Updates:
    """The updates of one execution by their ids."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._asked: dict[str, Update] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._asked

    def __getitem__(self, name: str) -> Update:
        return self._asked[name]

    def ask(self, request: Request) -> Update:
        """Have an update judged; the same one only once."""
        name = request.meta.update_id
        if name not in self._asked:
            self._asked[name] = Update(request)
            self._execution.need_task()
        return self._asked[name]

    def messages(self, sequence: int) -> list[Message]:
        """Those that no worker has judged, as they come after an event."""
        waiting = {
            name: update
            for name, update in self._asked.items()
            if not update.accepted and update.outcome is None
        }
        messages = []
        for name, update in waiting.items():
            message = Message(
                id=f"{name}/request", protocol_instance_id=name, event_id=sequence
            )
            message.body.Pack(update.request)
            messages.append(message)
        return messages

    def take(self, message: Message) -> None:
        """Take what a worker says of one."""
        update = self._asked[message.protocol_instance_id]
        kind = message.body.TypeName().rpartition(".")[2]
        if kind == "Acceptance":
            told = Acceptance.FromString(message.body.value)
            update.accepted = self._execution.add(
                "workflow_execution_update_accepted",
                protocol_instance_id=message.protocol_instance_id,
                accepted_request_message_id=told.accepted_request_message_id,
                accepted_request_sequencing_event_id=(
                    told.accepted_request_sequencing_event_id
                ),
                accepted_request=update.request,
            )
        elif kind == "Response":
            response = Response.FromString(message.body.value)
            update.outcome = response.outcome
            self._execution.add(
                "workflow_execution_update_completed",
                meta=response.meta,
                accepted_event_id=update.accepted,
                outcome=response.outcome,
            )
        else:
            rejection = Rejection.FromString(message.body.value)
            update.outcome = Outcome(failure=rejection.failure)
