"""Knots are what networkx calls components, and the cycle shown is a shortest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from sagadsl.graph import knots, shortest_cycle

ROOT = Path(__file__).parents[2]


@st.composite
def graphs(draw):
    """The edges of a graph without self-loops: a row never follows itself directly."""
    size = draw(st.integers(1, 9))
    nodes = st.integers(0, size - 1)
    lists = st.lists(st.lists(nodes, max_size=3), min_size=size, max_size=size)
    return [[b for b in row if b != a] for a, row in enumerate(draw(lists))]


def digraph(edges) -> nx.DiGraph[int]:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(edges)))
    graph.add_edges_from((a, b) for a, row in enumerate(edges) for b in row)
    return graph


@given(graphs())
def test_knots_are_the_strongly_connected_components(edges):
    components = nx.strongly_connected_components(digraph(edges))
    expected = sorted(sorted(nodes) for nodes in components if len(nodes) > 1)
    assert sorted(knots(edges)) == expected


@given(graphs())
def test_no_cycle_of_a_knot_is_shorter_than_the_one_shown(edges):
    graph = digraph(edges)
    for knot in knots(edges):
        cycle = shortest_cycle(edges, knot)
        assert len(set(cycle)) == len(cycle)
        assert nx.is_path(graph, [*cycle, cycle[0]])
        assert set(cycle) <= set(knot)
        lengths = map(len, nx.simple_cycles(graph.subgraph(knot)))
        assert len(cycle) == min(lengths)


def test_a_huge_knot_is_shown_without_delay():
    """A ladder, where every node lies on a cycle through the whole of it."""
    size = 20_000
    edges = [[(a + 1) % size, (a + 2) % size] for a in range(size)]
    (knot,) = knots(edges)
    assert len(shortest_cycle(edges, knot)) <= size // 2 + 1


def test_networkx_is_not_imported_for_a_good_saga():
    """It costs ten times as much as all checks together."""
    code = (
        "import sys; from pathlib import Path; from sagadsl.driver import compile_saga;"
        "data = Path('examples/order.saga').read_bytes();"
        "assert not compile_saga('order.saga', data, None).findings;"
        "sys.exit('networkx' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
