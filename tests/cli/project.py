"""What the tests of the command line build from."""

from __future__ import annotations

ORDER = """\
saga order {
    aggregate order_id

    states {
        initial begun
        paid
        final shipped
    }

    transitions {
        begun -> paid    : pay   by user
        paid  -> shipped : ship  by system
    }
}
"""
INSERTED = ORDER.replace("        paid\n", "        paid\n        packed\n").replace(
    "paid  -> shipped : ship", "paid -> packed : pack by ops\npacked -> shipped : ship"
)
BROKEN = ORDER.replace("-> paid ", "-> piad ")


def write(sagac, text=ORDER, name="order.saga"):
    path = sagac.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
