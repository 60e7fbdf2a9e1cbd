"""Reading: the numbers of lists of floats among the arguments, taken by native code.

To ask a hundred points of floats whether they are that, and to take their numbers, costs Python
more than the step of a small network costs natively. Here it is one loop over the objects.
"""

from __future__ import annotations

import ctypes
import functools
from array import array
from typing import Any

from autograd.compiler import arguments
from autograd.compiler.native.machine import Compiled

FEW = 16
"""Of a shorter list Python takes the numbers as fast as it calls native code."""


TYPE, NUMBER = object.__basicsize__ - 8, float.__basicsize__ - 8
"""Where an object has its type, and a float its number: each is what comes last in it."""


def _in_python(name: str) -> int:
    """Where a function of Python's own is."""
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0


# Arguments: rows, the function that gets one, how many; their type, what gets a number of one, how
# many; and where the numbers go. It gives 1, or 0 where a row or a number is of another kind.
_TEXT = f"""define i64 @f0(ptr %rows, ptr %get_row, i64 %count, ptr %row_type, ptr %get_item,
                i64 %width, ptr %out) {{
start:
  br label %rows_loop
rows_loop:
  %i = phi i64 [0, %start], [%next_i, %row_is_read]
  %is_row = icmp slt i64 %i, %count
  br i1 %is_row, label %row_there, label %all_read
row_there:
  %row = call ptr %get_row(ptr %rows, i64 %i)
  %row_type_at = getelementptr i8, ptr %row, i64 {TYPE}
  %type_of_row = load ptr, ptr %row_type_at
  %is_of_type = icmp eq ptr %type_of_row, %row_type
  br i1 %is_of_type, label %measure, label %other
measure:
  %length = call i64 inttoptr (i64 {_in_python("PyObject_Size")} to ptr)(ptr %row)
  %is_as_long = icmp eq i64 %length, %width
  br i1 %is_as_long, label %begin, label %other
begin:
  %begins = mul i64 %i, %width
  br label %items_loop
items_loop:
  %j = phi i64 [0, %begin], [%next_j, %take]
  %is_item = icmp slt i64 %j, %width
  br i1 %is_item, label %item_there, label %row_is_read
item_there:
  %item = call ptr %get_item(ptr %row, i64 %j)
  %type_at = getelementptr i8, ptr %item, i64 {TYPE}
  %type = load ptr, ptr %type_at
  %is_float = icmp eq ptr %type, inttoptr (i64 {id(float)} to ptr)
  br i1 %is_float, label %take, label %other
take:
  %number_at = getelementptr i8, ptr %item, i64 {NUMBER}
  %number = load double, ptr %number_at
  %place = add i64 %begins, %j
  %place_at = getelementptr double, ptr %out, i64 %place
  store double %number, ptr %place_at
  %next_j = add i64 %j, 1
  br label %items_loop
row_is_read:
  %next_i = add i64 %i, 1
  br label %rows_loop
all_read:
  ret i64 1
other:
  ret i64 0
}}
"""

_OBJECT, _PLACE, _SIZE = ctypes.py_object, ctypes.c_void_p, ctypes.c_int64
_FUNCTION = ctypes.PYFUNCTYPE(_SIZE, _OBJECT, _PLACE, _SIZE, _PLACE, _PLACE, _SIZE, _PLACE)
"""Such a function; while it runs, no other thread of Python does."""


@functools.cache
def read_natively() -> None:
    """From now on let native code read long lists of floats, as `arguments.read` does."""
    code = Compiled([_TEXT])
    function: Any = ctypes.cast(code.functions[0], _FUNCTION)
    function.code = code  # which is there as long as somebody has it
    get: dict[Any, int] = {list: _in_python("PyList_GetItem"), tuple: _in_python("PyTuple_GetItem")}

    def read(x: Any, floats: Any) -> tuple[Any, ...] | None:
        if len(x) < FEW:
            return arguments.read(x, floats)
        rows = (x,) if type(x[0]) is float else x
        kind = type(rows[0])
        if kind not in get or not rows[0]:
            return None
        count, width, begin = len(rows), len(rows[0]), len(floats)
        floats.frombytes(bytes(8 * count * width))
        out = floats.buffer_info()[0] + 8 * begin
        if not function(rows, get[type(rows)], count, id(kind), get[kind], width, out):
            del floats[begin:]
            return None
        return (kind, count, width) if rows is x else (width,)

    examples: list[list[Any]] = [
        [0.5] * 20, [[0.5, -0.0]] * 20, [(float("inf"), 1e-310)] * 20, [0.5] * 20 + [1],
        [[0.5]] * 20 + [[True]], [[0.5]] * 20 + [(0.5,)], [[0.5]] * 20 + [[0.5, 1.0]], [[]] * 20,
    ]  # fmt: skip
    for x in examples:
        ours, theirs = array("d"), array("d")
        if (read(x, ours), ours) != (arguments.read(x, theirs), theirs):
            return  # objects lie otherwise in this Python
    arguments.Given.reading = lambda: array("d"), read
