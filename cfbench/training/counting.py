"""How many candidates score above each relevant item, counted without putting any in order.

A user has few relevant items and many candidates: going through all scores once for each relevant item, in vectors,
takes a fraction of the time of a sort, and knows ties as ties.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

LANES = 32
"""Scores that are compared at a time."""

_JIT = {"nogil": True, "cache": True, "error_model": "numpy"}


@intrinsic
def _compared(typing: Any, row: Any, at: Any, own: Any) -> Any:
    """Return how many of row[at : at + LANES] are higher than `own`, plus 2**32 times how many are the same.

    A comparison gives a bit for each score, and one instruction counts the bits, which LLVM does not find by itself.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, bits, whole = context.get_data_type(row.dtype), ir.IntType(LANES), ir.IntType(64)
        vector = ir.VectorType(number, LANES)
        start = builder.gep(context.make_array(row)(context, builder, arguments[0]).data, [arguments[1]])
        scores = builder.load(builder.bitcast(start, vector.as_pointer()), align=row.dtype.bitwidth // 8)
        undefined, index = ir.Constant(vector, ir.Undefined), ir.IntType(32)
        lone = builder.insert_element(undefined, arguments[2], index(0))
        all_own = builder.shuffle_vector(lone, undefined, ir.Constant(ir.VectorType(index, LANES), [0] * LANES))
        higher, same = (
            builder.zext(builder.ctpop(builder.bitcast(builder.fcmp_ordered(sign, scores, all_own), bits)), whole)
            for sign in (">", "==")
        )
        return builder.add(higher, builder.shl(same, whole(32)))

    return types.int64(row, types.intp, row.dtype), codegen


@nb.njit(**_JIT)
def count_places(
    scores: Any, refused: Any, starts: Any, items: Any, users: Any, asked_starts: Any, asked: Any, candidates: Any,
    above: Any, equal: Any, missed: Any,
) -> None:  # fmt: skip
    """Write of each user how many candidates there are, and of each relevant item how many score higher and the same.

    Args:
        scores: finite, (n, n_items); those of items that are no candidates become -inf.
        refused: items that are nobody's candidates, (c,).
        starts: where the known items of each user code begin, and after the last one end, int64.
        items: the known items, which are not this user's candidates, int32.
        users: whose scores these are, codes, int64 (n,).
        asked_starts: where each user's relevant items begin, int64 (n + 1,).
        asked: the relevant items, int32 (r,).
        candidates: int64 (n,), written.
        above: int64 (r,), written; `missed` where the item is no candidate.
        equal: int64 (r,), written; the item itself counts.
        missed: said of an item that is no candidate.
    """
    nothing = -np.inf
    for n in range(len(scores)):
        row = scores[n]
        gone = 0
        for code in refused:
            gone += row[np.uint32(code)] != nothing
            row[np.uint32(code)] = nothing
        for at in range(starts[users[n]], starts[users[n] + 1]):
            gone += row[np.uint32(items[at])] != nothing
            row[np.uint32(items[at])] = nothing
        candidates[n] = len(row) - gone
        for at in range(asked_starts[n], asked_starts[n + 1]):
            own = row[np.uint32(asked[at])]
            found, whole = 0, len(row) // LANES * LANES
            for j in range(0, whole, LANES):
                found += _compared(row, j, own)
            higher, same = found & 0xFFFFFFFF, found >> 32
            for j in range(whole, len(row)):
                higher += row[j] > own
                same += row[j] == own
            above[at], equal[at] = (missed if own == nothing else higher), same
