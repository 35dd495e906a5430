"""Asking processes on Restate, by the ingress of its server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sagadsl.engines.calls import now
from sagadsl.engines.front import Asked, Front, heard, over, under_way, unknown
from sagadsl.runtime.given import as_json, checked_id, is_id
from sagadsl.runtime.result import Outcome, Result
from sagadsl.runtime.saga import Saga, SagaModule

if TYPE_CHECKING:
    import httpx

OK, NOT_FOUND, NOT_READY = 200, 404, 470


class RestateFront(Front[Awaitable[Result]]):
    """Asks processes by the ingress of a Restate server, the base URL of `http`."""

    def __init__(self, saga: SagaModule, http: httpx.AsyncClient) -> None:
        self.saga = Saga(saga)
        self._http = http

    async def start(
        self, aggregate_id: str, data: Mapping[str, Any] | None = None
    ) -> Result:
        """Start a process: one for each id, once only, with the newest version.

        Raises `ValueError` or `TypeError` for an id or data that a driver refuses.
        """
        version = self.saga.latest.number
        given = {"version": version, "data": as_json(data), "time": now()}
        path = f"{self.saga.name}/{_key(checked_id(aggregate_id))}/run/send"
        sent = await self._post(path, given)
        if sent["status"] == "Accepted":
            return Result(Outcome.ACCEPTED)
        ended = await self._over(aggregate_id, "output")
        return ended or under_way(self.saga, aggregate_id)

    async def _ask(self, aggregate_id: str, asked: Asked) -> Result:
        if not is_id(aggregate_id):
            return unknown(self.saga, aggregate_id)
        # The server waits for as long as there is no worker.
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout):
                if result := await self._judged(aggregate_id, asked):
                    return result
        why = f"it was not judged within {self.timeout:g} seconds"
        return Result(Outcome.REFUSED, why)

    async def _judged(self, aggregate_id: str, asked: Asked) -> Result | None:
        """Send a request, and wait until it is judged or the process is over."""
        if ended := await self._over(aggregate_id, "output"):
            return ended
        path = f"{self.saga.name}/{_key(aggregate_id)}/post"
        number = await self._post(path, list(asked))
        ways = [
            asyncio.create_task(self._answer(aggregate_id, number, "answer")),
            asyncio.create_task(self._over(aggregate_id, "attach")),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
        if judged := await self._answer(aggregate_id, number, "answered"):
            return judged
        return await self._over(aggregate_id, "attach")

    async def _answer(self, aggregate_id: str, number: int, how: str) -> Result | None:
        path = f"{self.saga.name}/{_key(aggregate_id)}/{how}"
        answer = await self._post(path, number)
        return heard(self.saga, answer) if answer else None

    async def _over(self, aggregate_id: str, how: str) -> Result | None:
        """What comes of asking a process that has ended, or that there is not."""
        path = f"restate/workflow/{self.saga.name}/{_key(aggregate_id)}/{how}"
        response = await self._http.get(path, timeout=None)
        if response.status_code == NOT_FOUND:
            return unknown(self.saga, aggregate_id)
        if response.status_code == OK:
            return over(self.saga, aggregate_id, response.json())
        if response.status_code == NOT_READY:
            return None
        told = response.json()
        if told.get("source") != "invocation":  # but the server, as of no worker
            return None
        why = f"its invocation has failed: {told['message']}"
        return Result(Outcome.REFUSED, why)

    async def _post(self, path: str, given: object) -> Any:
        headers = {"content-type": "application/json"}
        response = await self._http.post(
            path, content=json.dumps(given), headers=headers, timeout=None
        )
        try:
            response.raise_for_status()
        except Exception as error:
            error.add_note(response.text)
            raise
        return response.json() if response.content else None


def _key(aggregate_id: str) -> str:
    """An id in a path, where one of dots would lead elsewhere."""
    return quote(aggregate_id, safe="").replace(".", "%2E")
