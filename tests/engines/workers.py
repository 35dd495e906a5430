"""Workers of several versions where they meet: a database, or a server of Restate."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from backends import HERE, Backend
from places import sagac
from restate_server import RestateServer, program


class Place(NamedTuple):
    """Where the workers of one kind of backend meet; their effects go to a folder."""

    kind: str
    folder: Path
    options: dict[str, str]

    @contextmanager
    def worker(
        self, modules: Path, name: str = "a", **others: str
    ) -> Iterator[Backend]:
        """A worker that ends with the test."""
        options = {**self.options, "worker": name, **others}
        made = Backend(self.kind, self.folder, modules, options)
        made.begin()
        try:
            yield made
        finally:
            made.kill()


def reworded(folder: Path, name: str, target: str, words: Mapping[str, str]) -> Path:
    """The modules for an engine of one of the sagas, in which some words are others."""
    text = (HERE / f"{name}.saga").read_text()
    for old, new in words.items():
        assert old in text, old
        text = text.replace(old, new)
    modules = folder / "modules"
    modules.mkdir()
    (modules / f"{name}.saga").write_text(text)
    sagac(modules, "build", "--target", f"py,{target}")
    return modules


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestateServer]:
    """A server of Restate that may be killed."""
    home = tmp_path / "restate"
    home.mkdir()
    made = RestateServer(program(), home)
    made.begin()
    yield made
    made.kill()


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The place of a backend, as `dbos` on SQLite and `dbos-postgres`."""
    kind, _, other = request.param.partition("-")
    if kind == "restate":
        options = request.getfixturevalue("server").options
    elif other:
        options = {"url": request.getfixturevalue("postgres_url")}
    else:
        options = {"url": f"sqlite:///{tmp_path}/store.db"}
    return Place(kind, tmp_path, options)


def moved(server: RestateServer, port: str, to: str) -> None:
    """Tell the server that the deployment of a port is found at another."""
    deployments = f"{server.options['admin']}/deployments"
    with urllib.request.urlopen(deployments) as answer:
        (old,) = [
            one["id"]
            for one in json.load(answer)["deployments"]
            if f":{port}/" in one["uri"]
        ]
    body = json.dumps({"uri": f"http://127.0.0.1:{to}"}).encode()
    headers = {"content-type": "application/json"}
    url = f"{deployments}/{old}"
    request = urllib.request.Request(url, body, headers, method="PATCH")
    urllib.request.urlopen(request).close()
