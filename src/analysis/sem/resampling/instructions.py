"""What Numba makes of the words of ``vectors``: LLVM's vectors.

Imported when kernels are compiled, not before: it needs Numba.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.extending import intrinsic, overload, register_model

from analysis.sem.resampling import vectors
from analysis.sem.resampling.vectors import LANES, QUADS

Emit = Callable[..., Any]
NUMBER = ir.IntType(32)
DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
BYTES = ir.VectorType(ir.IntType(8), 4 * QUADS)
WHOLES = ir.VectorType(NUMBER, QUADS)


class Vector(types.Type):
    """Numbers in one register, or several where registers are shorter."""

    def __init__(self, name: str, llvm: ir.VectorType) -> None:
        super().__init__(name=f"{llvm.count} {name}")
        self.llvm = llvm


@register_model(Vector)
class VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    """Passed as it is."""

    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, fe_type.llvm)


VECTOR = Vector("doubles", DOUBLES)
QUAD = Vector("quads", BYTES)
WHOLE = Vector("wholes", WHOLES)


def has_quads() -> bool:
    """Whether this processor multiplies bytes (AVX-512 VNNI), which ``add_quads`` needs."""
    return bool(get_host_cpu_features().get("avx512vnni", False))


def _define(word: Callable[..., Any], takes: int, write: Emit, result: Any = VECTOR) -> None:
    """In kernels ``word`` is what ``write(context, builder, signature, values)`` makes of it."""
    if takes == 0:
        none = intrinsic(lambda context: (result(), write))
        overload(word)(lambda: lambda: none())
    elif takes == 1:
        one = intrinsic(lambda context, a: (result(a), write))
        overload(word)(lambda a: lambda a: one(a))
    elif takes == 2:
        two = intrinsic(lambda context, a, b: (result(a, b), write))
        overload(word)(lambda a, b: (lambda a, b: two(a, b)) if _ours(a, b) else None)
    else:
        three = intrinsic(lambda context, a, b, c: (result(a, b, c), write))
        overload(word)(lambda a, b, c: lambda a, b, c: three(a, b, c))


def _ours(a: Any, b: Any) -> bool:
    """Not what Numba's own + - * / are for."""
    return isinstance(a, types.Array) or a == VECTOR == b


def _operation(name: str) -> Emit:
    return lambda context, builder, signature, values: getattr(builder, name)(*values)


def _function(name: str) -> Emit:
    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(DOUBLES, [DOUBLES] * len(values))
        known = cgutils.get_or_insert_function(builder.module, kind, f"{name}.v{LANES}f64")
        return builder.call(known, values)

    return write


def _lesser(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", *values), *values)


def _chosen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    where, a, b = values
    zero = ir.Constant(DOUBLES, [0.0] * LANES)
    return builder.select(builder.fcmp_ordered(">", where, zero), a, b)


def _fill(builder: Any, kind: Any, value: Any) -> Any:
    empty = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(NUMBER, 0))
    zeros = ir.Constant(ir.VectorType(NUMBER, kind.count), [0] * kind.count)
    return builder.shuffle_vector(first, empty, zeros)


def _spread(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    return _fill(builder, DOUBLES, values[0])


def _bits(builder: Any, value: Any, shift: int, mask: int, set_: int) -> Any:
    """Bits of doubles: shifted down, masked, and some set."""
    whole = ir.VectorType(ir.IntType(64), LANES)
    bits = builder.lshr(builder.bitcast(value, whole), ir.Constant(whole, [shift] * LANES))
    bits = builder.and_(bits, ir.Constant(whole, [mask] * LANES))
    return builder.or_(bits, ir.Constant(whole, [set_] * LANES))


def _mantissa(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    return builder.bitcast(_bits(builder, values[0], 0, 2**52 - 1, 1023 << 52), DOUBLES)


def _exponent(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    biased = builder.sitofp(_bits(builder, values[0], 52, 2**11 - 1, 0), DOUBLES)
    return builder.fsub(biased, ir.Constant(DOUBLES, [1023.0] * LANES))


def _place(element: Any, count: int) -> Emit:
    """Where the i-th ``count`` entries of an array begin, seen as an ``element``."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        i = context.cast(builder, values[1], signature.args[1], types.intp)
        at = builder.gep(array.data, [builder.mul(i, ir.Constant(i.type, count), flags=["nsw"])])
        return builder.bitcast(at, ir.PointerType(element))

    return write


def _load(element: Any, count: int, align: int) -> Emit:
    place = _place(element, count)
    return lambda context, builder, signature, values: builder.load(
        place(context, builder, signature, values), align=align
    )


def _store(element: Any, count: int, align: int) -> Emit:
    place = _place(element, count)

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], place(context, builder, signature, values), align=align)
        return context.get_dummy_value()

    return write


def _repeated(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    four = builder.load(_place(NUMBER, 4)(context, builder, signature, values), align=1)
    return builder.bitcast(_fill(builder, WHOLES, four), BYTES)


def _add_quads(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    kind = ir.FunctionType(WHOLES, [WHOLES, BYTES, BYTES])
    name = "llvm.x86.avx512.vpdpbusd.512"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)


_define(operator.add, 2, _operation("fadd"))
_define(operator.sub, 2, _operation("fsub"))
_define(operator.mul, 2, _operation("fmul"))
_define(operator.truediv, 2, _operation("fdiv"))
_define(vectors.fma, 3, _function("llvm.fma"))
_define(vectors.root, 1, _function("llvm.sqrt"))
_define(vectors.mantissa, 1, _mantissa)
_define(vectors.exponent, 1, _exponent)
_define(vectors.lesser, 2, _lesser)
_define(vectors.chosen, 3, _chosen)
_define(vectors.spread, 1, _spread, lambda x: VECTOR(types.float64))
_define(vectors.load, 2, _load(DOUBLES, LANES, 8))
_define(vectors.store, 3, _store(DOUBLES, LANES, 8), types.none)
_define(vectors.quads, 2, _load(BYTES, 4 * QUADS, 1), QUAD)
_define(vectors.repeated, 2, _repeated, QUAD)
_define(vectors.nothing, 0, lambda *_: ir.Constant(WHOLES, [0] * QUADS), WHOLE)
_define(vectors.add_quads, 3, _add_quads, WHOLE)
_define(vectors.store_wholes, 3, _store(WHOLES, QUADS, 4), types.none)
