"""From the text of a saga to what is compared: its machine, or its emitted module."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType

from comparison import Comparison
from strategies import write_saga

import sagadsl.machine
from sagadsl.emit.python import emit_python
from sagadsl.model import Pinned
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source
from sagadsl.versions import pin


def pinned_of(text: str, name: str = "random") -> Pinned:
    """A saga that parses and resolves, whatever the checks would say of it."""
    tree, findings = parse_saga(Source(f"{name}.saga", text))
    assert tree, (text, findings)
    saga, findings = resolve_saga(tree)
    assert saga, (text, findings)
    pinned, findings = pin(saga, None)
    assert pinned, (text, findings)
    return pinned


def random_sagas(seeds: range, most_steps: int) -> Iterator[Pinned]:
    return (pinned_of(write_saga(Random(seed), most_steps)) for seed in seeds)


def of_machine(pinned: Pinned) -> Comparison:
    """The compiler's own machine beside the reference."""
    machine = pinned.latest.machine()
    return Comparison(pinned.saga, machine, sagadsl.machine, pinned.positions)


def of_module(pinned: Pinned, folder: Path) -> Comparison:
    """The emitted module, loaded from a folder, beside the reference."""
    module = load_module(emit_python(pinned), folder / f"{pinned.saga.name}_saga.py")
    return Comparison(pinned.saga, module, module, pinned.positions)


def load_module(text: str, path: Path) -> ModuleType:
    """The module that a text is, without a cache beside it."""
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module
