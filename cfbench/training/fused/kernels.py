"""The step of `plain` in vectors: of a rating two rows are read twice and written once, and nothing else is touched.

LLVM gets vectors of LANES floats and makes registers of the machine's width of them. The first time over the rows gives
their products, the second one their step; the rows are in the nearest cache by then, so that no row has to stay in
registers, of which a wide one would need too many. numba's cache watches one file, so all that a cached kernel calls is
in this one.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import errors, types
from numba.extending import intrinsic

LANES = 16
"""Floats in a cache line, and in the widest register; LLVM makes narrower ones of it where it must."""

FAST = ("reassoc", "contract", "arcp", "nsz")
_VECTOR, _FLOAT, _INT = ir.VectorType(ir.FloatType(), LANES), ir.FloatType(), ir.IntType(32)
_JIT = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": set(FAST)}


# -- rows as vectors ---------------------------------------------------------------------------------------------------


def blocks_of(width: int) -> tuple[None, ...]:
    """Return a tuple as long as a row has vectors: a tuple's length is part of its type, so a kernel knows it."""
    if width % LANES:
        raise ValueError(f"rows of {width} floats are no multiple of {LANES}")
    return (None,) * (width // LANES)


def _refuse_other_tables(*tables: Any) -> None:
    for table in tables:
        known = isinstance(table, types.Array) and (table.dtype, table.ndim, table.layout) == (types.float32, 2, "C")
        if not known:
            raise errors.TypingError(f"needs a C-contiguous float32 table, not {table}")


def _pointers(context: Any, builder: Any, table_type: Any, table: Any, index: Any, blocks: int) -> list[Any]:
    """Return the addresses of a row's vectors; nothing checks the index."""
    data = context.make_array(table_type)(context, builder, table).data
    row = builder.gep(data, [builder.mul(index, index.type(blocks * LANES))])
    return [builder.bitcast(builder.gep(row, [index.type(b * LANES)]), _VECTOR.as_pointer()) for b in range(blocks)]


def _both(context: Any, builder: Any, tables: Any, arguments: Any, blocks: int) -> Any:
    """Return the addresses of the vectors of first[u] and second[i], of arguments that begin with these four."""
    first = _pointers(context, builder, tables[0], *arguments[:2], blocks)
    return zip(first, _pointers(context, builder, tables[1], *arguments[2:4], blocks), strict=True)


def _call(builder: Any, name: str, result: Any, arguments: list[Any], fastmath: tuple[str, ...] = FAST) -> Any:
    known = builder.module.globals.get(name)
    function = known or ir.Function(
        builder.module, ir.FunctionType(result, [argument.type for argument in arguments]), name
    )
    return builder.call(function, arguments, fastmath=fastmath)


def _fma(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return _call(builder, f"llvm.fma.v{LANES}f32", _VECTOR, [x, y, z])


def _sum(builder: Any, vector: Any) -> Any:
    return _call(builder, f"llvm.vector.reduce.fadd.v{LANES}f32", _FLOAT, [_FLOAT(0.0), vector])


def _all_lanes(builder: Any, scalar: Any) -> Any:
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    first = ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES)
    return builder.shuffle_vector(builder.insert_element(undefined, scalar, _INT(0)), undefined, first)


@intrinsic
def _prefetch(typing: Any, table: Any, index: Any, blocks: Any) -> Any:
    """Ask for table[index], to be written soon."""
    _refuse_other_tables(table)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        for pointer in _pointers(context, builder, table, *arguments[:2], blocks.count):
            _call(builder, "llvm.prefetch.p0", ir.VoidType(), [pointer, _INT(1), _INT(3), _INT(1)], ())
        return context.get_dummy_value()

    return types.void(table, types.intp, blocks), codegen


@intrinsic
def _dot(typing: Any, first: Any, u: Any, second: Any, i: Any, blocks: Any) -> Any:
    """Return first[u] · second[i], in two chains of sums, so that one need not wait for the other."""
    _refuse_other_tables(first, second)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums = [ir.Constant(_VECTOR, [0.0] * LANES)] * 2
        rows = _both(context, builder, (first, second), arguments, blocks.count)
        for b, pair in enumerate(rows):
            p, q = (builder.load(pointer, align=4) for pointer in pair)
            sums[b % 2] = _fma(builder, p, q, sums[b % 2])
        return _sum(builder, builder.fadd(*sums, flags=FAST))

    return types.float32(first, types.intp, second, types.intp, blocks), codegen


@intrinsic
def _dots(typing: Any, first: Any, u: Any, second: Any, i: Any, blocks: Any) -> Any:
    """Return (p · q, p · p, q · q) of p = first[u], q = second[i]."""
    _refuse_other_tables(first, second)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums = [ir.Constant(_VECTOR, [0.0] * LANES)] * 3
        rows = _both(context, builder, (first, second), arguments, blocks.count)
        for pair in rows:
            p, q = (builder.load(pointer, align=4) for pointer in pair)
            sums = [_fma(builder, x, y, total) for (x, y), total in zip(((p, q), (p, p), (q, q)), sums, strict=True)]
        return context.make_tuple(builder, signature.return_type, [_sum(builder, total) for total in sums])

    return types.UniTuple(types.float32, 3)(first, types.intp, second, types.intp, blocks), codegen


@intrinsic
def _rates(typing: Any, lr: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return lr / sqrt of four sums at once: roots and quotients take as long for four as for one."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        four = ir.VectorType(_FLOAT, 4)
        sums = rates = ir.Constant(four, ir.Undefined)
        for n, number in enumerate(arguments[1:]):
            sums = builder.insert_element(sums, number, _INT(n))
            rates = builder.insert_element(rates, arguments[0], _INT(n))
        quotients = builder.fdiv(rates, _call(builder, "llvm.sqrt.v4f32", four, [sums]), flags=FAST)
        parts = [builder.extract_element(quotients, _INT(n)) for n in range(4)]
        return context.make_tuple(builder, signature.return_type, parts)

    f4 = types.float32
    return types.UniTuple(f4, 4)(f4, f4, f4, f4, f4), codegen


@intrinsic
def _mix(typing: Any, first: Any, u: Any, second: Any, i: Any, a: Any, b: Any, c: Any, d: Any, blocks: Any) -> Any:
    """Set first[u], second[i] = a p + b q, c q + d p of what they were."""
    _refuse_other_tables(first, second)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows = _both(context, builder, (first, second), arguments, blocks.count)
        a_, b_, c_, d_ = (_all_lanes(builder, scalar) for scalar in arguments[4:8])
        for pointers in rows:
            p, q = (builder.load(pointer, align=4) for pointer in pointers)
            builder.store(_fma(builder, b_, q, builder.fmul(a_, p, flags=FAST)), pointers[0], align=4)
            builder.store(_fma(builder, d_, p, builder.fmul(c_, q, flags=FAST)), pointers[1], align=4)
        return context.get_dummy_value()

    f4 = types.float32
    return types.void(first, types.intp, second, types.intp, f4, f4, f4, f4, blocks), codegen


# -- the step ----------------------------------------------------------------------------------------------------------


@nb.njit(**_JIT)
def _sigmoid(z: Any) -> Any:
    """Return the sigmoid within 2e-6 without a call, around which every register would be saved and restored.

    exp(-z) = 2^whole 2^part: 2^whole is written as bits of an exponent, 2^part is a polynomial, the Chebyshev fit on
    [-1/2, 1/2]. NaN stays NaN.
    """
    f4 = np.float32
    power = min(max(z * f4(-1.44269504), f4(-126)), f4(126))
    whole = np.floor(power + f4(0.5))
    x = power - whole
    part = f4(0.00134004322)
    for c in (0.0096760371, 0.0555032721, 0.240221074, 0.693147207, 1.00000008):
        part = part * x + f4(c)
    return f4(1) / (f4(1) + part * np.int32((np.int32(whole) + np.int32(127)) << 23).view(np.float32))


@nb.njit(**_JIT)
def _outcome(r: Any, z: Any, y_range: Any, logits: Any) -> Any:
    """Return (loss, -dloss/dz / 2) of a target and a score; numba compiles the one branch that the types choose."""
    one, half = np.float32(1), np.float32(0.5)
    if logits is not None:
        s = _sigmoid(z)
        loss = max(z, np.float32(0)) - r * z - math.log(max(s, one - s))
        return loss, half * (r - s)
    if y_range is not None:
        s = _sigmoid(z)
        error = r - (y_range[0] + y_range[1] * s)
        return error * error, error * y_range[1] * s * (one - s)
    error = r - z
    return error * error, error


@nb.njit(**_JIT)
def fused_pass(
    users: Any, items: Any, targets: Any, users_table: Any, items_table: Any, user_bias: Any, item_bias: Any,
    state: Any, mean: Any, lr: Any, l2: Any, y_range: Any, logits: Any, k: Any, ahead: Any, blocks: Any,
) -> Any:  # fmt: skip
    """Do what `plain_pass` does; `ahead` is how many ratings ahead rows are asked for, `blocks` is of `blocks_of`."""
    one, total = np.float32(1), 0.0
    lr, reg = lr + lr, l2  # both halves of the gradient have a factor 2, which goes into the rate
    # An index that LLVM can't prove to be non-negative costs a test each time: hence slices and unsigned codes.
    next_users, next_items = users[ahead:], items[ahead:]
    for n in range(len(targets)):
        if n < len(next_users):
            _prefetch(users_table, next_users[n], blocks)
            _prefetch(items_table, next_items[n], blocks)
        u, i = np.uint32(users[n]), np.uint32(items[n])
        if state is None:
            pq = _dot(users_table, u, items_table, i, blocks)
        else:
            pq, pp, qq = _dots(users_table, u, items_table, i, blocks)
        z = mean + pq
        b_u = b_i = np.float32(0)
        if user_bias is not None:
            b_u, b_i = user_bias[u], item_bias[i]
            z += b_u + b_i
        loss, e = _outcome(targets[n], z, y_range, logits)
        total += loss
        rate_u = rate_i = rate_bu = rate_bi = lr
        if state is not None:
            g_u, g_i, s_u, s_i = state[0][u], state[1][i], one, one
            if user_bias is not None:
                s_u, s_i = state[2][u], state[3][i]
            rate_u, rate_i, rate_bu, rate_bi = _rates(lr, g_u, g_i, s_u, s_i)
            # |2 (reg p - e q)|² from three dot products: the gradient itself is never formed
            cross, four = e * reg * pq, np.float32(4)
            state[0][u] = g_u + four * (e * e * qq - cross - cross + reg * reg * pp) / k
            state[1][i] = g_i + four * (e * e * pp - cross - cross + reg * reg * qq) / k
            if user_bias is not None:
                d_u, d_i = reg * b_u - e, reg * b_i - e
                state[2][u], state[3][i] = s_u + four * d_u * d_u, s_i + four * d_i * d_i
        _mix(users_table, u, items_table, i, one - rate_u * reg, rate_u * e, one - rate_i * reg, rate_i * e, blocks)
        if user_bias is not None:
            user_bias[u] = b_u + rate_bu * (e - reg * b_u)
            item_bias[i] = b_i + rate_bi * (e - reg * b_i)
    return total
