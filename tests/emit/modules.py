"""Validator modules as they are emitted: their text, loaded, and judged by ruff."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from sagadsl.driver import compile_saga
from sagadsl.emit.python import emit_python

ORDER = Path(__file__).parents[2] / "examples" / "order.saga"


def emitted(path=ORDER, data=None, lock=None):
    pinned, findings = compile_saga(path.name, data or path.read_bytes(), lock)
    assert pinned is not None, findings
    return emit_python(pinned)


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def formatted(path):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--check", path],
        capture_output=True,
        check=False,
    )
    return [] if done.returncode == 0 else done.stdout.decode().splitlines()
