"""The machines that are asked here: an order with a fork, a loop and a pivot."""

from __future__ import annotations

import pytest

from sagadsl.machine import Machine
from sagadsl.parser import parse_saga
from sagadsl.resolve import resolve_saga
from sagadsl.source import Source
from sagadsl.versions import pin

ORDER = """
saga order {
    aggregate order_id
    states {
        initial basket
        checkout
        declined
        packing
        invoicing
        packed
        invoiced
        shipping
        final delivered
        final failure cancelled
    }
    transitions {
        basket              -> checkout                           : check_out
        checkout            -> packing & invoicing else declined  : pay
        declined            -> checkout                           : retry  up to 2 times
        checkout | declined -> cancelled                          : cancel
        packing             -> packed                             : pack
        invoicing           -> invoiced                           : bill
        packed & invoiced   -> shipping                           : hand_over
        shipping            -> delivered                          : sign
    }
    compensations {
        pay  : refund
        pack : unpack
        bill : credit
    }
    actions {
        pay       : once, probe payment_status
        pack      : idempotent
        bill      : once, in doubt park, cannot fail
        hand_over : once, probe parcel_status, pivot
        refund    : idempotent
        unpack    : idempotent
        credit    : idempotent, even if in doubt
    }
}
"""


def machine_of(text: str) -> Machine:
    """The machine of the first version of a saga."""
    name = text.split()[1]
    tree, _ = parse_saga(Source(f"{name}.saga", text))
    assert tree
    saga, _ = resolve_saga(tree)
    assert saga
    pinned, _ = pin(saga, None)
    assert pinned
    return pinned.latest.machine()


def line_of(steps: int) -> str:
    """A saga of so many steps, one after the other."""
    states = "\n".join(f"at_{i}" for i in range(1, steps))
    rows = "\n".join(f"at_{i} -> at_{i + 1} : step_{i}" for i in range(steps))
    return f"""saga line {{
        aggregate line_id
        states {{\ninitial at_0\n{states}\nfinal at_{steps}\n}}
        transitions {{\n{rows}\n}}
    }}"""


@pytest.fixture(scope="session")
def order() -> Machine:
    return machine_of(ORDER)


@pytest.fixture(scope="session")
def line() -> Machine:
    """Two hundred steps: more than any column of a database holds."""
    return machine_of(line_of(200))
