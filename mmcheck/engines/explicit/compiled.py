"""Compiled kernels, and their machine code kept in the user's cache directory.

Loading Numba takes longer than most searches. So a kernel is compiled to code that runs without it (see
`machine_code`), which is written to a file; whoever finds the file copies the code to memory that can be
executed, and calls it. Where that cannot be done (on another processor than x86-64, another system than
Linux, if memory must not be made executable), Numba runs the kernel as ever.

A file begins with all that the code depends on and a checksum. It is used only if both are right, and if
nobody but the user can have written it.
"""

from __future__ import annotations

import ctypes
import marshal
import mmap
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from platformdirs import user_cache_dir

DTYPES = {"u64": np.uint64, "i64": np.int64, "i32": np.int32, "bool": np.bool_}
_VALUES = {"u64": ctypes.c_uint64, "i64": ctypes.c_int64, "i32": ctypes.c_int32}
_HERE = Path(__file__).parent
_LOCK = Lock()
"""Held while a kernel is loaded: several threads call it at first."""


class Image(NamedTuple):
    """Code with its constants, and where it is entered."""

    code: bytes
    entry: int


class Kernel:
    """A kernel that is loaded, or compiled, when it is first called. It releases the interpreter's lock."""

    def __init__(
        self, module: str, name: str, parameters: str, results: int = 0, sources: tuple[str, ...] = ()
    ) -> None:
        """`parameters` are types as `u64`, followed by their dimensions: `u64*2 u64 i64*1`. `sources` are
        other modules whose constants or functions are part of the kernel."""
        self.module = module
        self.name = name
        split = (text.partition("*") for text in parameters.split())
        self.parameters = tuple((element, int(dimensions or 0)) for element, _, dimensions in split)
        self.results = results
        self.sources = (module, *sources, "machine_code", "elf", "compiled")
        self._run: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        return (self._run or self._load())(*arguments)

    @cached_property
    def is_kept(self) -> bool:
        """Whether it can be had without compiling it, which may take seconds."""
        if self._run is not None or not _is_supported():
            return self._run is not None
        # `is_file` raises where the user may not even look into the folder, as with the HOME of another.
        with suppress(OSError):
            return self._path(_folder(), self._key()).is_file()
        return False

    def _load(self) -> Callable[..., Any]:
        with _LOCK:
            if self._run is None:
                self._run = self._loaded(_folder())
            return self._run

    def _loaded(self, directory: Path) -> Callable[..., Any]:
        """From its file if that is there and sound, else compiled."""
        if not _is_supported():
            return self._interpreted()
        key = self._key()
        path = self._path(directory, key)
        found = _read(path, key)
        if found is not None:
            with suppress(OSError):
                return self._caller(found)
        return self._compiled(path, key)

    def _interpreted(self) -> Callable[..., Any]:
        """By Numba."""
        # Numba is loaded where it is first needed: most specs are small and never need it.
        found: Callable[..., Any] = getattr(
            import_module(f"mmcheck.engines.explicit.{self.module}"), self.name
        )
        return found

    def _compiled(self, path: Path, key: bytes) -> Callable[..., Any]:
        """Compiled to machine code, which is written to a file for later; by Numba where that fails."""
        function = self._interpreted()
        try:
            from mmcheck.engines.explicit.machine_code import compile_kernel

            found = compile_kernel(function, self.parameters, self.results)
            caller = self._caller(found)
        except Exception:  # Numba promises nothing about its inside; the kernel itself runs with any version.
            return function
        with suppress(OSError):
            _write(path, key, found)
        return caller

    def _path(self, directory: Path, key: bytes) -> Path:
        return directory / f"{self.name}-{sha256(key).hexdigest()[:16]}.kernel"

    def _key(self) -> bytes:
        """All that the machine code depends on."""
        asked = repr((self.name, self.parameters, self.results)).encode()
        sources = (sha256((_HERE / f"{name}.py").read_bytes()).digest() for name in self.sources)
        return b"\0".join([_platform(), asked, *sources])

    def _caller(self, image: Image) -> Callable[..., Any]:
        """What calls code as Numba's function would be called."""
        types: list[Any] = []
        for element, dimensions in self.parameters:
            types += [ctypes.c_void_p, *[ctypes.c_int64] * dimensions] if dimensions else [_VALUES[element]]
        prototype = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 2, *types, ctypes.c_void_p)
        memory, address = _executable(image.code)
        return _Caller(self, memory, prototype(address + image.entry))


class _Caller:
    """Calls the code of a kernel, which lives as long as its memory."""

    def __init__(self, kernel: Kernel, memory: mmap.mmap, code: Callable[..., int]) -> None:
        self.name = kernel.name
        self.parameters = [(DTYPES[element], dimensions) for element, dimensions in kernel.parameters]
        self.results = kernel.results
        self.memory = memory
        self.code = code

    def __call__(self, *arguments: Any) -> Any:
        unused, results = (ctypes.c_int64 * 8)(), (ctypes.c_int64 * max(self.results, 1))()
        passed = [ctypes.addressof(unused), ctypes.addressof(unused) + 32]
        for argument, (dtype, dimensions) in zip(arguments, self.parameters, strict=True):
            if not dimensions:
                passed.append(int(argument))
                continue
            if argument.dtype != dtype or argument.ndim != dimensions or not argument.flags.c_contiguous:
                raise TypeError(f"{self.name} is not made for such an array")
            passed += (argument.__array_interface__["data"][0], *argument.shape)
        if self.code(*passed, ctypes.addressof(results)):
            raise RuntimeError(f"{self.name} failed")
        return None if self.results == 0 else results[0] if self.results == 1 else tuple(results)


def _folder() -> Path:
    return Path(user_cache_dir("mmcheck"))


# --- where it runs ---------------------------------------------------------------------------------------


def _is_supported() -> bool:
    return sys.platform == "linux" and os.uname().machine == "x86_64" and sys.maxsize > 1 << 32


@cache
def _platform() -> bytes:
    """The processor with its features, the versions of the compilers and that of Python."""
    processor = b""
    with suppress(OSError):
        first, _, _ = Path("/proc/cpuinfo").read_bytes().partition(b"\n\n")
        kept = (b"vendor_id", b"cpu family", b"model", b"stepping", b"flags")
        processor = b"\n".join(line for line in first.splitlines() if line.startswith(kept))
    compilers = [_version("numba"), _version("llvmlite")]
    return b"\0".join([processor, *compilers, sys.version.encode()])


def _version(package: str) -> bytes:
    """The text of a package's file with its version; it is not imported, which takes long."""
    found = find_spec(package)
    if found is None or found.origin is None:
        return b""
    with suppress(OSError):
        return Path(found.origin).with_name("_version.py").read_bytes()
    return b""


def _executable(code: bytes) -> tuple[mmap.mmap, int]:
    """The code in memory that can be executed and not be written to, and where that is."""
    memory = mmap.mmap(-1, len(code), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.write(code)
    address = np.frombuffer(memory, np.uint8).__array_interface__["data"][0]
    libc = ctypes.CDLL(None, use_errno=True)
    protection = ctypes.c_int(mmap.PROT_READ | mmap.PROT_EXEC)
    if libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(len(code)), protection):
        raise OSError(ctypes.get_errno(), "memory cannot be made executable")
    return memory, address


# --- files -----------------------------------------------------------------------------------------------


def _read(path: Path, key: bytes) -> Image | None:
    """What a file holds, if it was written by us for this very key and is whole."""
    with suppress(OSError), path.open("rb") as file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return None
        content = file.read()
        checksum, body = content[len(key) : len(key) + 32], content[len(key) + 32 :]
        if content.startswith(key) and checksum == sha256(body).digest():
            return Image(*marshal.loads(body))
    return None


def _write(path: Path, key: bytes, image: Image) -> None:
    """Write a file at once, so that nobody reads the half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = marshal.dumps(tuple(image))
    part = path.with_suffix(f".{os.getpid()}")
    try:
        part.write_bytes(key + sha256(body).digest() + body)
        part.chmod(0o600)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
