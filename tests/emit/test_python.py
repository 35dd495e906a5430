"""The validator module: what a user imports, and what a reviewer reads."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from modules import ORDER, emitted, formatted, load

from sagadsl.driver import compile_saga

ROOT = Path(__file__).parents[2]
HOSTILE = [
    '"""',
    "'''",
    "\\",
    '\\"""',
    '" + __import__("os").system("x") + "',
    "{{ 7 * 7 }} {% raw %} ${x} #{x}",
    "*/ --> ]]> <script>",
    "\n\t# fmt: off",
    "\N{SNOWMAN} \N{GRINNING FACE}",
]


@pytest.fixture
def order(tmp_path):
    path = tmp_path / "order_saga.py"
    path.write_text(emitted(), encoding="utf-8")
    return load(path)


def test_it_stands_as_the_golden_file(golden):
    golden(Path(__file__).parent / "golden" / "order_saga.py.txt", emitted())


def test_it_imports_nothing_but_the_standard_library():
    names = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(emitted()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names <= set(sys.stdlib_module_names)
    assert "dataclasses" not in names


def test_it_has_every_name_of_the_contract(order):
    assert order.NAME == "order"
    assert order.Step.CHECK_OUT == 0
    assert order.State.INITIALISED == "initialised"
    assert issubclass(order.Refused, ValueError)
    assert issubclass(order.UnknownVersion, LookupError)
    assert order.MACHINES == {1: order.LATEST}
    assert order.machine(1) is order.LATEST
    names = "advance can allowed held replay is_valid is_final undo apply events"
    for name in [*names.split(), "is_valid_record"]:
        assert getattr(order, name) == getattr(order.LATEST, name)
    for name in order.__all__:
        assert hasattr(order, name)
    row = order.LATEST.transitions[1]
    assert row == ("checkout", "payment_made else declined", "make_payment", "by user")
    assert order.LATEST.compensations[0] == (order.Step.MAKE_PAYMENT, "refund_payment")
    assert order.LATEST.draft
    assert len(order.LATEST.digest) == 64


def test_steps_are_members_and_states_are_members(order):
    mask = order.advance(0, order.Step.CHECK_OUT)
    assert all(type(step) is order.Step for step in order.allowed(mask))
    assert all(type(state) is order.State for state in order.held(mask))
    assert order.advance(0, "check_out") == order.advance(0, 0) == mask


def test_a_later_round_stands_in_the_state_that_was_declared(order):
    assert not [state for state in order.State if state[-1].isdigit()]
    record = order.Record()
    for kind, step in (
        ("begin", "check_out"),
        ("done", "check_out"),
        ("begin", "make_payment"),
        ("fail", "make_payment"),
        ("begin", "try_another_card"),
        ("done", "try_another_card"),
    ):
        record = order.apply(record, order.Event(order.Kind(kind), step))
    assert order.LATEST.standing(record) == (order.State.CHECKOUT,)
    assert order.Step.MAKE_PAYMENT_2 in [step for _, step in order.events(record)]


def test_it_begins_with_what_is_of_this_saga():
    tree = ast.parse(emitted())
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert names[:2] == ["Step", "State"]
    assert names.index("Table") < names.index("Handlers") < names.index("Record")


def test_its_functions_are_those_that_it_offers(order):
    functions = {
        node.name
        for node in ast.parse(emitted()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert functions <= set(order.__all__)


def test_an_upgrade_to_the_same_version_changes_nothing(order):
    record = order.Record(1, 1)
    assert order.upgrade(record, 1, 1) == record
    with pytest.raises(order.Refused):
        order.upgrade(order.Record(2, 2), 1, 1)
    with pytest.raises(order.UnknownVersion):
        order.upgrade(record, 1, 2)


def test_an_upgrade_loses_no_compensation(tmp_path):
    from sagadsl.driver import compile_saga, release_text

    old = ORDER.read_bytes()
    pinned = compile_saga("order.saga", old, None).pinned
    assert pinned
    lock = release_text(pinned)
    line = b"    make_payment : refund_payment\n"
    rule = next(row for row in old.splitlines(True) if b"refund_payment   :" in row)
    how = b"make_payment     : once,"
    assert all(text in old for text in (line, rule, how))
    new = old.replace(line, b"").replace(rule, b"").replace(how, how + b" no undo,")
    path = tmp_path / "second_saga.py"
    path.write_text(emitted(data=new, lock=lock), encoding="utf-8")
    module = load(path)
    assert module.upgrade(module.Record(1, 1), 1, 2) == module.Record(1, 1)
    with pytest.raises(module.Refused, match="refund_payment"):
        module.upgrade(module.Record(3, 3), 1, 2)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_source_becomes_code(text, tmp_path):
    quoted = (
        '"'
        + text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\t", "\\t")
        + '"'
    )
    data = f"""saga order {quoted} {{
    aggregate order_id
    states {{ initial begun {quoted}, final paid {quoted} }}
    transitions {{ begun -> paid : pay by user {quoted} }}
    actions {{ pay : idempotent, pivot {quoted} }}
}}
""".encode()
    plain = data.decode().replace(quoted, '"x"').encode()
    module = emitted(data=data)
    shape = [type(node) for node in ast.walk(ast.parse(module))]
    assert shape == [type(node) for node in ast.walk(ast.parse(emitted(data=plain)))]
    docs = [
        ast.get_docstring(node)
        for node in ast.walk(ast.parse(module))
        if isinstance(node, ast.FunctionDef) and node.name == "pay"
    ]
    assert docs == [" ".join(text.split()).strip()]
    path = tmp_path / "order_saga.py"
    path.write_text(module, encoding="utf-8")
    assert formatted(path) == []


def test_its_bytes_are_the_same_everywhere(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from sagadsl.driver import compile_saga, lock_text\n"
        "from sagadsl.emit.targets import TARGETS\n"
        "pinned, _ = compile_saga('order.saga', Path(sys.argv[1]).read_bytes(), None)\n"
        "out = sys.stdout.buffer\n"
        "out.write(lock_text(pinned).encode())\n"
        "for name in ('py', 'dot', 'md', 'mmd', 'json'):\n"
        "    out.write(TARGETS[name].emit(pinned, None))\n"
    )
    outputs = set()
    for seed, locale, folder in (
        ("0", "C", tmp_path),
        ("1", "C.UTF-8", ROOT),
        ("4242", "POSIX", Path("/")),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, ORDER],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale},
            capture_output=True,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_a_wheel_gives_the_same_bytes_as_the_checkout(tmp_path):
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "-w", tmp_path, ROOT], check=True)
    wheel = next(tmp_path.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "import sagadsl; assert sagadsl.__file__.startswith(sys.argv[2])\n"
        "from pathlib import Path; from sagadsl.driver import compile_saga\n"
        "from sagadsl.emit.targets import TARGETS; from sagadsl import resources\n"
        "assert '_resources' in str(resources.folder('findings'))\n"
        "pinned, _ = compile_saga('order.saga', Path(sys.argv[1]).read_bytes(), None)\n"
        "out = sys.stdout.buffer\n"
        "for name in ('py', 'dot', 'md', 'mmd', 'json'):\n"
        "    out.write(TARGETS[name].emit(pinned, None))\n"
    )
    from sagadsl.emit.targets import TARGETS

    done = subprocess.run(
        [sys.executable, "-c", code, ORDER, tmp_path / "site"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    pinned, findings = compile_saga("order.saga", ORDER.read_bytes(), None)
    assert pinned, findings
    names = ("py", "dot", "md", "mmd", "json")
    assert done.stdout == b"".join(TARGETS[name].emit(pinned, None) for name in names)


def test_many_steps_still_make_a_module(tmp_path):
    states = ", ".join(f"s{i}" for i in range(1, 200))
    rows = "\n".join(f"s{i} -> s{i + 1} : step_{i}" for i in range(200))
    data = (
        f"saga long {{\naggregate id\nstates {{ initial s0, {states}, final s200 }}\n"
        f"transitions {{\n{rows}\n}}\n}}\n"
    ).encode()
    path = tmp_path / "long_saga.py"
    path.write_text(emitted(Path("long.saga"), data), encoding="utf-8")
    module = load(path)
    assert module.replay(f"step_{i}" for i in range(200)) == (1 << 200) - 1
    assert module.is_final((1 << 200) - 1)
    assert not module.is_valid(1 << 199)
    assert formatted(path) == []
