"""A kernel as machine code that needs neither Numba nor LLVM to run.

Numba compiles a function of pointers and lengths that calls the kernel; LLVM makes an object of that; of the
object the code is taken (see `elf`). A kernel that allocates or raises needs more than itself, and is
refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
from numba import carray  # type: ignore[attr-defined]
from numba.core import types

from mmcheck.engines.explicit.compiled import Image
from mmcheck.engines.explicit.elf import RefusedError, link

_TYPES: dict[str, Any] = {
    "u64": types.uint64,
    "i64": types.int64,
    "i32": types.int32,
    "bool": types.boolean,
}

_SUPPORT = """
define void @NRT_MemInfo_call_dtor(ptr %memory) {
  ret void
}
define ptr @memset(ptr %to, i32 %value, i64 %size) {
  %byte = trunc i32 %value to i8
  br label %check
check:
  %i = phi i64 [ 0, %0 ], [ %next, %set ]
  %more = icmp ult i64 %i, %size
  br i1 %more, label %set, label %end
set:
  %place = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %place
  %next = add i64 %i, 1
  br label %check
end:
  ret ptr %to
}
define ptr @memcpy(ptr %to, ptr %from, i64 %size) {
  br label %check
check:
  %i = phi i64 [ 0, %0 ], [ %next, %copy ]
  %more = icmp ult i64 %i, %size
  br i1 %more, label %copy, label %end
copy:
  %source = getelementptr i8, ptr %from, i64 %i
  %byte = load i8, ptr %source
  %place = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %place
  %next = add i64 %i, 1
  br label %check
end:
  ret ptr %to
}
"""
"""What Numba calls for an array that nobody needs any more: nothing to do, as all arrays are the caller's.
What LLVM calls in place of a loop that sets or copies memory: the loop again."""


def compile_kernel(
    kernel: Callable[..., Any], parameters: tuple[tuple[str, int], ...], results: int
) -> Image:
    """The code of a kernel compiled by Numba, as a C function.

    It has a parameter for something that it leaves alone, another one such, then for each parameter of the
    kernel (element type, dimensions) a pointer and the lengths, or a value, and at last a pointer to where
    the results go. It gives 0. Raises RefusedError where there is no such code."""
    compiled = numba.cfunc(_signature(parameters))(_function(kernel, parameters, results))
    # Numba names the function with Python's conventions for errors after the one with those of C.
    name = compiled.native_name.removeprefix("cfunc.")
    module = llvm.parse_assembly(compiled.inspect_llvm())
    module.link_in(llvm.parse_assembly(_SUPPORT))
    _require_convention(module, name, parameters)
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=3, reloc="pic", codemodel="small"
    )
    return link(machine.emit_object(module), name)


def _signature(parameters: tuple[tuple[str, int], ...]) -> Any:
    pointer: Any = types.CPointer
    arguments: list[Any] = []
    for element, dimensions in parameters:
        one = _TYPES[element]
        arguments += [pointer(one), *[types.int64] * dimensions] if dimensions else [one]
    return types.void(*arguments, pointer(types.int64))


def _function(kernel: Callable[..., Any], parameters: tuple[tuple[str, int], ...], results: int) -> Any:
    """The function of pointers and lengths that calls the kernel."""
    names: list[str] = []
    arguments: list[str] = []
    for i, (_, dimensions) in enumerate(parameters):
        lengths = [f"n{i}_{d}" for d in range(dimensions)]
        names += [f"p{i}", *lengths]
        arguments.append(f"carray(p{i}, ({', '.join(lengths)},))" if dimensions else f"p{i}")
    call = f"kernel({', '.join(arguments)})"
    given = ", ".join(f"results[{i}]" for i in range(results))
    text = f"def function({', '.join(names)}, results):\n {given + ' = ' if given else ''}{call}\n"
    scope = {"kernel": kernel, "carray": carray}
    exec(text, scope)
    return scope["function"]


def _require_convention(module: Any, name: str, parameters: tuple[tuple[str, int], ...]) -> None:
    """Refuse a function that is not to be called as we do."""
    codes = {"u64": "i64", "i64": "i64", "i32": "i32", "bool": "i8"}
    expected = ["ptr", "ptr"]
    for element, dimensions in parameters:
        expected += ["ptr", *["i64"] * dimensions] if dimensions else [codes[element]]
    found = str(module.get_function(name).global_value_type)
    if found != f"i32 ({', '.join([*expected, 'ptr'])})":
        raise RefusedError(f"it is called in another way: {found}")
