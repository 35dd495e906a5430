"""Some rows at a time, judged all at once.

Within an aggregate a running sum of the bits that its rows add is the record before
each row: sum and union agree until a bit comes twice, and that is itself refused. So
the first row that is not allowed is found without a loop over rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sagadsl.audit.columns import firsts, grouped, in_order, run_starts
from sagadsl.audit.process import Process
from sagadsl.audit.reader import Piece, Reader
from sagadsl.audit.report import Bad
from sagadsl.audit.rules import LONG, Layout, Words

if TYPE_CHECKING:
    from sagadsl.audit.bulk import Audit

BLOCK = 1 << 16  # rows at a time: so many stay in the cache, and as `firsts` takes
MOST_VERDICTS = 1 << 18
MIXERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)

Places = NDArray[np.intp]


class State:
    """Where all aggregates stand: records in pieces, last version, rows, and ends.

    What is settled needs no further look: it is bad, or judged row by row. Only an
    aggregate that has nothing but notes need be `seen`: of others, a record tells.
    """

    def __init__(self, layout: Layout) -> None:
        self.records = [np.zeros(0, layout.word) for _ in range(layout.words)]
        self.seen = np.zeros(0, np.bool_)
        self.versions = np.zeros(0, np.int32)
        self.counts = np.zeros(0, np.int64)
        self.settled = np.zeros(0, np.bool_)
        self.slow = np.zeros(0, np.bool_)

    def grow(self, size: int) -> None:
        """Make room for so many aggregates, and for as many again."""
        if size <= len(self.seen):
            return

        def longer(old: NDArray[Any]) -> NDArray[Any]:
            new = np.zeros(max(size, 2 * len(old)), old.dtype)
            new[: len(old)] = old
            return new

        self.records = [longer(words) for words in self.records]
        self.seen = longer(self.seen)
        self.versions = longer(self.versions)
        self.counts = longer(self.counts)
        self.settled = longer(self.settled)
        self.slow = longer(self.slow)


def blocks(
    audit: Audit, reader: Reader, piece: Piece, owners: Places | None
) -> Iterator[Block]:
    """Rows as they can be judged at once, those of an aggregate in their order.

    They stand together already, or are put together. Where that would be most of the
    work, since few aggregates come twice, rows that are of one each come before.
    """
    ids = piece.ids
    if in_order(ids):
        yield Block(audit, reader, piece, owners, run_starts(ids))
        return
    apart = firsts(ids)
    if 2 * np.count_nonzero(apart) > len(ids):
        yield Block(audit, reader, piece.take(np.flatnonzero(apart)), owners, None)
    else:
        apart[:] = False
    rest = np.flatnonzero(~apart)
    if len(rest):
        piece = piece.take(rest.take(grouped(ids.take(rest))))
        yield Block(audit, reader, piece, owners, run_starts(piece.ids))


class Block:
    """Rows of which those of an aggregate stand together.

    `starts` are the places where those of another begin; None if each has but one.
    """

    def __init__(
        self,
        audit: Audit,
        reader: Reader,
        piece: Piece,
        owners: Places | None,
        starts: Places | None,
    ) -> None:
        self.audit = audit
        self.reader = reader
        self.piece = piece
        self.keys, self.versions, self.seq = piece[3:]
        self.apart = starts is None
        ids = piece.ids
        end = len(ids)
        edges = np.arange(end + 1) if starts is None else np.append(starts, end)
        self.starts, self.ends = edges[:-1], edges[1:]
        heads = ids if starts is None else ids.take(starts)
        self.owners = heads if owners is None else owners.take(heads)

    def judge(self) -> None:
        """Take the rows: what is found goes to the audit, as does where all stand."""
        self.before = self._records_before()
        if len(segments := self._slow_segments()):
            self._judge_slowly(segments)
        suspects = self._refused()
        if self.seq is not None:
            suspects = np.union1d(suspects, self._out_of_sequence(self.seq))
        if len(suspects):
            self._tell_first(suspects)
        state = self.audit.state
        if self.reader.events:
            state.seen[self.owners] = True
        if self.seq is not None:
            state.counts[self.owners] += self.ends - self.starts
        if self.versions is not None:
            state.versions[self.owners] = self.versions[self.ends - 1] + 1

    def _records_before(self) -> list[Words]:
        """The record before each row, in pieces."""
        pieces = []
        lengths = self.ends - self.starts
        records = self.audit.state.records
        for add, stored in zip(self.audit.rules.add, records, strict=True):
            bits = add.take(self.keys)
            if self.apart:
                pieces.append(stored.take(self.owners))
                stored[self.owners] = pieces[-1] + bits
                continue
            sums = np.cumsum(bits, dtype=bits.dtype)
            totals = sums.take(self.ends - 1)
            sums -= bits
            others = sums.take(self.starts) - stored.take(self.owners)
            sums -= np.repeat(others, lengths)
            stored[self.owners] = totals - others
            pieces.append(sums)
        return pieces

    def _segments(self, rows: Places) -> Places:
        """Which aggregate of the block each row is of."""
        return np.searchsorted(self.starts, rows, side="right") - 1

    def _slow_segments(self) -> Places:
        """The aggregates of which a row has to be judged after the others."""
        audit = self.audit
        found: list[Places] = []
        if self.reader.slow:
            rows = np.flatnonzero(audit.rules.slow.take(self.keys))
            found.append(self._segments(rows))
        if self.versions is not None:
            changed = np.empty(len(self.keys), np.bool_)
            changed[1:] = self.versions[1:] != self.versions[:-1]
            known = audit.state.versions[self.owners]
            heads = self.versions[self.starts] + 1
            changed[self.starts] = (known != 0) & (known != heads)
            found.append(self._segments(np.flatnonzero(changed)))
        if audit.slow:
            found.append(np.flatnonzero(audit.state.slow[self.owners]))
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.intp)

    def _judge_slowly(self, segments: Places) -> None:
        audit, state = self.audit, self.audit.state
        for segment in segments.tolist():
            owner = int(self.owners[segment])
            if state.settled[owner] and not state.slow[owner]:
                continue
            process = audit.slow.pop(owner, None) or self._process(segment)
            state.settled[owner] = state.slow[owner] = True
            for row in range(self.starts[segment], self.ends[segment]):
                if self._take(process, row, owner):
                    state.slow[owner] = False
                    break
            else:
                audit.slow[owner] = process

    def _process(self, segment: int, row: int | None = None) -> Process:
        """A process as it stands before a row, the first of its block if none is given.

        Its version is that of the rows before, if there are any.
        """
        audit = self.audit
        start = int(self.starts[segment])
        at = start if row is None else row
        owner = self.owners[segment]
        version = int(audit.state.versions[owner]) - 1
        if self.versions is not None and at > start:
            version = int(self.versions[at - 1])
        known = 0 <= version < len(audit.rules.versions)
        seq = int(audit.state.counts[owner]) + at - start
        number = audit.rules.versions[version] if known else None
        return Process(audit.saga, self._record(at), number, seq)

    def _record(self, row: int) -> Any:
        packed = sum(int(p[row]) << LONG * n for n, p in enumerate(self.before))
        return self.audit.saga.Record(*self.audit.rules.layout.unpack(packed))

    def _take(self, process: Process, row: int, owner: int) -> bool:
        """Whether a row is bad; if so, it is told of."""
        place = self.piece.row(row)
        written = self.reader.row(place)
        wrong = process.take(written)
        if wrong is None:
            return False
        audit = self.audit
        what = str(audit.rules.named(written))
        bad = Bad(None, audit.rows + place + 1, written.number, what, *wrong)
        audit.bad.append((owner, bad))
        return True

    def _tell_first(self, suspects: Places) -> None:
        """Tell of the first suspect of each aggregate."""
        segments, firsts = np.unique(self._segments(suspects), return_index=True)
        settled = self.audit.state.settled
        for segment, first in zip(segments.tolist(), firsts.tolist(), strict=True):
            owner, row = int(self.owners[segment]), int(suspects[first])
            if not settled[owner]:
                bad = self._take(self._process(segment, row), row, owner)
                assert bad, "the masks refuse what the machine takes"
                settled[owner] = True

    def _out_of_sequence(self, seq: NDArray[Any]) -> Places:
        """The rows whose number is not the one that is due."""
        counted = self.audit.state.counts[self.owners] + 1 - self.starts
        due = np.repeat(counted, self.ends - self.starts) + np.arange(len(seq))
        return np.flatnonzero(seq != due)

    def _refused(self) -> Places:
        """The rows that are not allowed, by masks where they tell."""
        (cares, needs), *more = self.audit.rules.terms
        allowed = self._holds(cares, needs)
        rows = np.flatnonzero(~allowed)
        for cares, needs in more:
            if len(rows):
                rows = rows[~self._holds(cares, needs, rows)]
        return rows[~self._allowed(rows)] if len(rows) else rows

    def _holds(
        self, cares: list[Words], needs: list[Words], rows: Places | None = None
    ) -> NDArray[np.bool_]:
        """Whether a term holds for rows, all if none are given."""
        keys = self.keys if rows is None else self.keys[rows]
        holds: NDArray[np.bool_] | None = None
        for before, care, need in zip(self.before, cares, needs, strict=True):
            words = care.take(keys)
            words &= before if rows is None else before[rows]
            same = words == need.take(keys)
            holds = same if holds is None else holds & same
        assert holds is not None
        return holds

    def _allowed(self, rows: Places) -> NDArray[np.bool_]:
        """What the machine says of rows, asked once for each that is different."""
        segments = self._segments(rows)
        allowed = self.audit.state.settled[self.owners[segments]]  # no matter what
        unsettled = np.flatnonzero(~allowed)
        if not len(unsettled):
            return allowed
        rows = rows[unsettled]
        keys, words = self.keys[rows], [piece[rows] for piece in self.before]
        mixed = keys.astype(np.uint64)
        for piece in words:
            mixed = (mixed * MIXERS[0] ^ piece) * MIXERS[1]
            mixed ^= mixed >> np.uint64(29)
        _, first, which = np.unique(mixed, return_index=True, return_inverse=True)
        verdicts = np.array([self._verdict(row) for row in rows[first]], np.bool_)
        found = verdicts[which]
        # Two that differ may mix to the same number: then each is asked for itself.
        same = keys == keys[first][which]
        for piece in words:
            same &= piece == piece[first][which]
        for other in np.flatnonzero(~same):
            found[other] = self._verdict(rows[other])
        allowed[unsettled] = found
        return allowed

    def _verdict(self, row: int) -> bool:
        """Whether the machine allows a row; remembered by its key and the record."""
        audit, key = self.audit, int(self.keys[row])
        record = self._record(row)
        known = audit.verdicts.get((key, record))
        if known is None:
            written = audit.rules.row(key)
            known = Process(audit.saga, record).take(written) is None
            if len(audit.verdicts) >= MOST_VERDICTS:
                audit.verdicts.clear()
            audit.verdicts[key, record] = known
        return known
