"""Graphs of rows and states: what is reached, what lies on cycles, a shortest cycle.

Only this module knows networkx, and only where a cycle must be shown: to import it
takes longer than to compile a saga.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sagadsl.model import Transition

if TYPE_CHECKING:
    import networkx as nx

Node = TypeVar("Node", bound=Hashable)
Move = tuple[Iterable[Collection[Node]], Iterable[Node]]

_WORK = 50_000
"""So many nodes are looked at before a short cycle is taken for the shortest."""


class Flow(NamedTuple):
    """Rows and states as one graph: its nodes are the rows, then the states.

    `edges` has for each node those that follow. A row has one edge for each of its
    states, so that joins and forks cost no more than they take to write.
    """

    rows: tuple[Transition, ...]
    states: tuple[str, ...]
    edges: list[list[int]]

    def state(self, node: int) -> str:
        """The state at a node that is not a row."""
        return self.states[node - len(self.rows)]


def flow_of(rows: Iterable[Transition]) -> Flow:
    """The graph of rows and of the states that they name."""
    listed = tuple(rows)
    numbers: dict[str, int] = {}
    edges: list[list[int]] = [[] for _ in listed]

    def node(state: str) -> int:
        if state not in numbers:
            numbers[state] = len(edges)
            edges.append([])
        return numbers[state]

    for number, row in enumerate(listed):
        for group in row.sources:
            for state in group:
                edges[node(state)].append(number)
        edges[number] += [node(state) for state in (*row.targets, *row.otherwise)]
    return Flow(listed, tuple(numbers), edges)


def reach(start: Iterable[Node], moves: Iterable[Move[Node]]) -> set[Node]:
    """What one comes to from a start, if no move rules out another.

    A move leads to its second nodes once all of one of its groups are reached.
    """
    waiting: dict[Node, list[int]] = {}
    missing: list[int] = []
    following: list[Iterable[Node]] = []
    for groups, targets in moves:
        for group in groups:
            for node in group:
                waiting.setdefault(node, []).append(len(missing))
            missing.append(len(group))
            following.append(targets)
    reached = set(start)
    stack = list(reached)
    while stack:
        for number in waiting.get(stack.pop(), ()):
            missing[number] -= 1
            if not missing[number]:
                fresh = [node for node in following[number] if node not in reached]
                reached.update(fresh)
                stack += dict.fromkeys(fresh)
    return reached


def knots(edges: Sequence[Sequence[int]]) -> list[list[int]]:
    """The nodes that lie on cycles, in order; those on common cycles together.

    Tarjan's strongly connected components, without those of a single node.
    """
    closed = len(edges) + 1
    low = [0] * len(edges)
    found: list[list[int]] = []
    branch: list[int] = []
    entered = 0
    path: list[tuple[int, int, Iterator[int]]] = []

    def enter(node: int) -> None:
        nonlocal entered
        entered += 1
        low[node] = entered
        branch.append(node)
        path.append((node, entered, iter(edges[node])))

    for root in range(len(edges)):
        if not low[root]:
            enter(root)
        while path:
            node, entry, rest = path[-1]
            for follower in rest:
                if not low[follower]:
                    enter(follower)
                    break
                low[node] = min(low[node], low[follower])
            else:
                path.pop()
                if low[node] == entry:
                    knot = _close(branch, node, low, closed)
                    if len(knot) > 1:
                        found.append(sorted(knot))
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
    return found


def _close(branch: list[int], node: int, low: list[int], closed: int) -> list[int]:
    """Take a whole component off the branch."""
    knot: list[int] = []
    while not knot or knot[-1] != node:
        knot.append(branch.pop())
        low[knot[-1]] = closed
    return knot


def shortest_cycle(edges: Sequence[Sequence[int]], knot: Sequence[int]) -> list[int]:
    """The nodes of a shortest cycle in a knot; in a huge one, of a short cycle."""
    import networkx as nx  # noqa: PLC0415  only needed for a finding

    inside = set(knot)
    graph: nx.DiGraph[int] = nx.DiGraph(
        (a, b) for a in knot for b in edges[a] if b in inside
    )
    parts = [inside]
    shortest: list[int] = []
    tries = 1 + _WORK // len(knot)
    # All cycles through a node are known once the shortest of them is: go on without.
    while parts and tries:
        tries -= 1
        part = parts.pop()
        cycle = _cycle_through(min(part), graph.subgraph(part))
        if not shortest or len(cycle) < len(shortest):
            shortest = cycle
        rest = graph.subgraph(part - {cycle[0]})
        parts += (c for c in nx.strongly_connected_components(rest) if len(c) > 1)
    return shortest


def _cycle_through(node: int, graph: nx.DiGraph[int]) -> list[int]:
    """A shortest way from a node back to it, in a graph where there is one."""
    import networkx as nx  # noqa: PLC0415  as above

    before: dict[int, int] = {}
    way: list[int] = []
    for parent, child in nx.bfs_edges(graph, node):
        before[child] = parent
        if graph.has_edge(child, node):
            way = [child]
            break
    while way[-1] != node:
        way.append(before[way[-1]])
    return way[::-1]
