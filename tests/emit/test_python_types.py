"""The validator module, as a type checker of its users sees it."""

from __future__ import annotations

import ast
import subprocess
import sys

from modules import emitted


def test_a_missing_handler_is_a_type_error(tmp_path):
    (tmp_path / "order_saga.py").write_text(emitted(), encoding="utf-8")
    names = [
        node.name
        for node in ast.walk(ast.parse(emitted()))
        if isinstance(node, ast.ClassDef) and node.name == "Handlers"
        for node in node.body
        if isinstance(node, ast.FunctionDef)
    ]
    probes = {name for name in names if name.endswith("_status")}
    kinds = {name: "bool" if name in probes else "None" for name in names}

    def service(handlers):
        body = "".join(
            f"    {'async ' if i % 2 else ''}def {name}(self, context: Context, /)"
            f" -> {kind}:\n        raise NotImplementedError\n"
            for i, (name, kind) in enumerate(handlers.items())
        )
        return (
            "from order_saga import Context, Handlers\n\n\nclass Service:\n"
            f"{body}\n\nhandlers: Handlers = Service()\n"
        )

    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(service(kinds))
    missing = {name: kind for name, kind in kinds.items() if name != "refund_payment"}
    bad.write_text(service(missing))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", good, bad],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    lines = done.stdout.decode().splitlines()
    assert any("bad.py" in line and "error" in line for line in lines)
    assert any("refund_payment" in line for line in lines)
    assert not any("good.py" in line and "error" in line for line in lines)


def test_an_event_names_its_step_in_either_way(tmp_path):
    (tmp_path / "order_saga.py").write_text(emitted(), encoding="utf-8")
    user = tmp_path / "user.py"
    user.write_text(
        "from order_saga import Event, Kind, Record, Step, apply, events\n\n"
        'record = apply(Record(), Event(Kind.BEGIN, "check_out"))\n'
        "record = apply(record, Event(Kind.DONE, Step.CHECK_OUT))\n"
        "for kind, step in events(record):\n"
        "    if isinstance(step, Step):\n"
        "        reveal_type(step)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", user],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    assert 'is "order_saga.Step"' in done.stdout.decode()
