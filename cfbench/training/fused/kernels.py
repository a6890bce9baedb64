"""The step of `plain` in vectors: of a rating two rows are read twice and written once, and nothing else is touched.

LLVM gets vectors of LANES floats and makes registers of the machine's width of them. The first time over the rows gives
their products, the second one their step; the rows are in the nearest cache by then, so that no row has to stay in
registers, of which a wide one would need too many. numba's cache watches one file, so all that a cached kernel calls is
in this one.
"""

from __future__ import annotations

import functools
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


def _groups(pairs: Any, size: int = 8) -> Any:
    """Return so many pairs at a time: read together before any is written, as a read waits for writes before it."""
    listed = list(pairs)
    return [listed[start : start + size] for start in range(0, len(listed), size)]


def _call(builder: Any, name: str, result: Any, arguments: list[Any], fastmath: tuple[str, ...] = FAST) -> Any:
    known = builder.module.globals.get(name)
    function = known or ir.Function(
        builder.module, ir.FunctionType(result, [argument.type for argument in arguments]), name
    )
    return builder.call(function, arguments, fastmath=fastmath)


def _times(builder: Any, x: Any, y: Any) -> Any:
    return builder.fmul(x, y, flags=FAST)


def _plus(builder: Any, x: Any, y: Any) -> Any:
    return builder.fadd(x, y, flags=FAST)


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


def _mix(builder: Any, rows: Any, factors: Any) -> None:
    """Make p, q of each pair of addresses a p + b q, c q + d p of what they were; a, b, c, d in all lanes."""
    a, b, c, d = factors
    for group in _groups(rows):
        loaded = [tuple(builder.load(pointer, align=4) for pointer in pair) for pair in group]
        for pair, (p, q) in zip(group, loaded, strict=True):
            builder.store(_fma(builder, b, q, _times(builder, a, p)), pair[0], align=4)
            builder.store(_fma(builder, d, p, _times(builder, c, q)), pair[1], align=4)


@intrinsic
def _sgd_rows(typing: Any, first: Any, u: Any, second: Any, i: Any, keep: Any, take: Any, blocks: Any) -> Any:
    """Set first[u], second[i] = keep p + take q, keep q + take p of what they were."""
    _refuse_other_tables(first, second)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows = _both(context, builder, (first, second), arguments, blocks.count)
        factors = [_all_lanes(builder, scalar) for scalar in arguments[4:6]]
        _mix(builder, rows, factors * 2)
        return context.get_dummy_value()

    f4 = types.float32
    return types.void(first, types.intp, second, types.intp, f4, f4, blocks), codegen


_SIDE = ir.VectorType(_FLOAT, 4)
_SIDES = ir.VectorType(_FLOAT, 8)


@intrinsic
def _adagrad_rows(
    typing: Any, first: Any, u: Any, second: Any, i: Any, sides: Any, others: Any,
    pq: Any, e: Any, lr: Any, reg: Any, root: Any, blocks: Any,
) -> Any:  # fmt: skip
    """Step first[u], second[i] and their sides: G of the row, G of the bias, |row|², the bias.

    `pq` is their product, `root` the square root of 4 / k. Both sides make one vector (G, S, N, b of u, then of i), and
    with N' the length on the other side each lane is of one formula:

        K = (root reg, -2 reg, 1 - rate reg, 1 - rate_b reg)      M = K b + T = (·, 2 (e - reg b), ·, b after the step)
        T = (-root e, 2 e, rate e, rate_b e)                      V = K² N + 2 K T pq + T² N' = (mean g², ·, N after, ·)
        G + V,  S + M²,  V,  M

    so that no gradient is ever formed.
    """
    _refuse_other_tables(first, second, sides, others)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        times, plus = functools.partial(_times, builder), functools.partial(_plus, builder)

        def lanes(vector: Any, *chosen: int, other: Any = None) -> Any:
            mask = ir.Constant(ir.VectorType(_INT, len(chosen)), list(chosen))
            return builder.shuffle_vector(vector, other or ir.Constant(vector.type, ir.Undefined), mask)

        def numbers(*chosen: Any) -> Any:
            vector = ir.Constant(_SIDES, ir.Undefined)
            for at, one in enumerate(chosen * 2):
                vector = builder.insert_element(vector, _FLOAT(one) if isinstance(one, float) else one, _INT(at))
            return vector

        halves = []
        for kind, table, row in ((sides, arguments[4], arguments[1]), (others, arguments[5], arguments[3])):
            start = builder.gep(context.make_array(kind)(context, builder, table).data, [builder.mul(row, row.type(4))])
            halves.append(builder.bitcast(start, _SIDE.as_pointer()))
        read = [builder.load(half, align=4) for half in halves]
        old = lanes(read[0], *range(8), other=read[1])

        pq, e, lr, reg, root = arguments[6:11]
        less = builder.fneg(reg)
        roots = _call(builder, "llvm.sqrt.v8f32", _SIDES, [old])
        rates = builder.fdiv(ir.Constant(_SIDES, [1.0] * 8), roots, flags=FAST)
        rate = times(numbers(0.0, 0.0, lr, lr), lanes(rates, 0, 0, 0, 1, 4, 4, 4, 5))
        k = plus(times(rate, numbers(*[less] * 4)), numbers(times(root, reg), plus(less, less), 1.0, 1.0))
        t = times(plus(rate, numbers(builder.fneg(root), 2.0, 0.0, 0.0)), numbers(*[e] * 4))
        length, bias = lanes(old, *[2] * 4, *[6] * 4), lanes(old, *[3] * 4, *[7] * 4)
        m = plus(times(k, bias), t)
        inner = plus(times(k, length), times(t, numbers(*[plus(pq, pq)] * 4)))
        v = plus(times(k, inner), times(times(t, t), lanes(length, *range(4, 8), *range(4))))
        new = lanes(v, 0, 1, 2, 11, 4, 5, 6, 15, other=m)
        new = lanes(new, 8, 1, 2, 3, 12, 5, 6, 7, other=plus(old, v))
        new = lanes(new, 0, 9, 2, 3, 4, 13, 6, 7, other=plus(times(m, m), old))

        rows = _both(context, builder, (first, second), arguments, blocks.count)
        _mix(builder, rows, [lanes(vector, *[at] * LANES) for at in (2, 6) for vector in (k, t)])
        for half, at in zip(halves, (0, 4), strict=True):
            builder.store(lanes(new, *range(at, at + 4)), half, align=4)
        return context.get_dummy_value()

    f4 = types.float32
    return types.void(first, types.intp, second, types.intp, sides, others, f4, f4, f4, f4, f4, blocks), codegen


@intrinsic
def _adam_rows(
    typing: Any, first: Any, u: Any, second: Any, i: Any, moments: Any, others: Any,
    reg: Any, e: Any, keep: Any, keep_square: Any, rate: Any, eps: Any, blocks: Any,
) -> Any:  # fmt: skip
    """Step first[u] and second[i] by Adam; a row of `moments` holds the means of gradients, then of their squares."""
    _refuse_other_tables(first, second, moments, others)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        times, plus = functools.partial(_times, builder), functools.partial(_plus, builder)
        n, (u, i) = blocks.count, (arguments[1], arguments[3])
        reg_, less_e, keep_, square_, rate_, eps_ = (_all_lanes(builder, number) for number in arguments[6:12])
        one = ir.Constant(_VECTOR, [1.0] * LANES)
        fresh, fresh_square = (builder.fsub(one, kept, flags=FAST) for kept in (keep_, square_))
        rows = list(_both(context, builder, (first, second), arguments, n))
        means = [
            _pointers(context, builder, kind, table, row, 2 * n)
            for kind, table, row in ((moments, arguments[4], u), (others, arguments[5], i))
        ]
        for b, pair in enumerate(rows):
            p, q = (builder.load(pointer, align=4) for pointer in pair)
            for pointer, held, mine, other in zip(pair, means, (p, q), (q, p), strict=True):
                gradient = plus(times(reg_, mine), times(less_e, other))
                mean = plus(times(keep_, builder.load(held[b], align=4)), times(fresh, gradient))
                old = times(square_, builder.load(held[n + b], align=4))
                square = plus(times(times(fresh_square, gradient), gradient), old)
                root = plus(_call(builder, f"llvm.sqrt.v{LANES}f32", _VECTOR, [square]), eps_)
                builder.store(mean, held[b], align=4)
                builder.store(square, held[n + b], align=4)
                step = builder.fdiv(times(rate_, mean), root, flags=FAST)
                builder.store(builder.fsub(mine, step, flags=FAST), pointer, align=4)
        return context.get_dummy_value()

    f4 = types.float32
    return types.void(first, types.intp, second, types.intp, moments, others, *[f4] * 6, blocks), codegen


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
def sgd_pass(
    users: Any, items: Any, targets: Any, users_table: Any, items_table: Any, user_bias: Any, item_bias: Any,
    mean: Any, lr: Any, l2: Any, y_range: Any, logits: Any, ahead: Any, blocks: Any,
) -> Any:  # fmt: skip
    """Do what `plain_pass` does without sums.

    `ahead` is how many ratings ahead rows are asked for, `blocks` is of `blocks_of`.
    """
    total = 0.0
    lr, keep = lr + lr, np.float32(1) - (lr + lr) * l2  # both halves of the gradient have a factor 2
    # An index that LLVM can't prove to be non-negative costs a test each time: hence slices and unsigned codes.
    next_users, next_items = users[ahead:], items[ahead:]
    for n in range(len(targets)):
        if n < len(next_users):
            _prefetch(users_table, next_users[n], blocks)
            _prefetch(items_table, next_items[n], blocks)
        u, i = np.uint32(users[n]), np.uint32(items[n])
        z = mean + _dot(users_table, u, items_table, i, blocks)
        b_u = b_i = np.float32(0)
        if user_bias is not None:
            b_u, b_i = user_bias[u], item_bias[i]
            z += b_u + b_i
        loss, e = _outcome(targets[n], z, y_range, logits)
        total += loss
        _sgd_rows(users_table, u, items_table, i, keep, lr * e, blocks)
        if user_bias is not None:
            user_bias[u], item_bias[i] = keep * b_u + lr * e, keep * b_i + lr * e
    return total


@nb.njit(**_JIT)
def adagrad_pass(
    users: Any, items: Any, targets: Any, users_table: Any, items_table: Any, biased: Any, sides: Any,
    mean: Any, lr: Any, l2: Any, y_range: Any, logits: Any, k: Any, ahead: Any, blocks: Any,
) -> Any:  # fmt: skip
    """Do what `plain_pass` does with sums.

    `sides` is (of users, of items), float32 (rows, 4): G of the row, G of the bias, |row|², the bias. Lengths are kept
    up to date from the product that a step needs anyway. `biased` is () or None.
    """
    total, root = 0.0, np.float32(math.sqrt(4.0 / k))
    lr = lr + lr
    next_users, next_items = users[ahead:], items[ahead:]
    for n in range(len(targets)):
        if n < len(next_users):
            _prefetch(users_table, next_users[n], blocks)
            _prefetch(items_table, next_items[n], blocks)
        u, i = np.uint32(users[n]), np.uint32(items[n])
        pq = _dot(users_table, u, items_table, i, blocks)
        z = mean + pq
        if biased is not None:
            z += sides[0][u, 3] + sides[1][i, 3]
        loss, e = _outcome(targets[n], z, y_range, logits)
        total += loss
        _adagrad_rows(users_table, u, items_table, i, sides[0], sides[1], pq, e, lr, l2, root, blocks)
    return total


@nb.njit(**_JIT)
def _adam_number(value: Any, moments: Any, row: Any, gradient: Any, betas: Any, rate: Any, eps: Any) -> Any:
    """Return a bias after a step by Adam, whose two means are in a row of `moments`."""
    one = np.float32(1)
    mean = betas[0] * moments[row, 0] + (one - betas[0]) * gradient
    square = betas[1] * moments[row, 1] + (one - betas[1]) * gradient * gradient
    moments[row, 0], moments[row, 1] = mean, square
    return value - rate * mean / (np.float32(math.sqrt(square)) + eps)


@nb.njit(**_JIT)
def adam_pass(
    users: Any, items: Any, targets: Any, users_table: Any, items_table: Any, user_bias: Any, item_bias: Any,
    moments: Any, mean: Any, lr: Any, l2: Any, y_range: Any, logits: Any, step: Any, betas: Any, eps: Any, ahead: Any,
    blocks: Any,
) -> Any:  # fmt: skip
    """Do what `plain_adam_pass` does; a row of moments is as wide as two of the table."""
    two, total = np.float32(2), 0.0
    power, power_square = betas[0] ** step, betas[1] ** step
    small = np.float32(betas[0]), np.float32(betas[1])
    next_users, next_items = users[ahead:], items[ahead:]
    for n in range(len(targets)):
        if n < len(next_users):
            _prefetch(users_table, next_users[n], blocks)
            _prefetch(items_table, next_items[n], blocks)
            _prefetch(moments[0], next_users[n], blocks + blocks)
            _prefetch(moments[1], next_items[n], blocks + blocks)
        u, i = np.uint32(users[n]), np.uint32(items[n])
        z = mean + _dot(users_table, u, items_table, i, blocks)
        b_u = b_i = np.float32(0)
        if user_bias is not None:
            b_u, b_i = user_bias[u], item_bias[i]
            z += b_u + b_i
        loss, e = _outcome(targets[n], z, y_range, logits)
        total += loss
        power *= betas[0]
        power_square *= betas[1]
        rate = np.float32(lr * math.sqrt(1.0 - power_square) / (1.0 - power))
        reg, slope = two * l2, two * e
        _adam_rows(
            users_table, u, items_table, i, moments[0], moments[1], reg, -slope, small[0], small[1], rate, eps, blocks
        )
        if user_bias is not None:
            user_bias[u] = _adam_number(b_u, moments[2], u, reg * b_u - slope, small, rate, eps)
            item_bias[i] = _adam_number(b_i, moments[3], i, reg * b_i - slope, small, rate, eps)
    return total
