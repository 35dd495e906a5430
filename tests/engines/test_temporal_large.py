"""What is too large for Temporal."""

from __future__ import annotations

from temporal_bench import bench, modules, temporal

__all__ = ["bench", "modules", "temporal"]


def test_what_temporal_does_not_take_is_not_kept(bench):
    """What is done would be done again, and a failure taken for a doubt, for ever."""
    large = 3_000_000 * "x"

    def fail(_: object) -> None:
        raise bench.world.failed(large)

    bench.world.tell("pay", lambda _: {"receipt": large})
    bench.world.tell("seat", fail)
    assert bench.ask("start", "large").accepted
    assert bench.ask("pay", "large", "user").accepted
    bench.ends("large", "compensated")
    history = bench.execution("large").history
    assert max(event.ByteSize() for event in history) < 2_000_000
    assert not any(context.data for context in bench.world.contexts)
