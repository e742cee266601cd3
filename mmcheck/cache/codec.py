"""Values of the core as JSON, and back: data only, so that reading a file never runs what stands in it.

A record, an enum or a named tuple of `mmcheck.core`, of `mmcheck.source` or of `mmcheck.diagnostics` is an
array that begins with the number of its class. What is met twice is written once and called by its number
after that, as the terms of a system share their parts and every span its file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from importlib import import_module
from typing import Any

from msgspec import Struct, field

_MODULE = re.compile(r"mmcheck\.(?:core\.[a-z_]+|source|diagnostics)")
_NAME = re.compile(r"[A-Za-z]\w*")


class CodecError(Exception):
    """A value that cannot be written down, or a text that is none of ours."""


# What an array begins with, where it is not the number of a class.
TUPLE, LIST, DICT, FROZENSET, AGAIN = "t", "l", "d", "f", "="


def encode(value: object) -> bytes:
    """A value as JSON. Raises CodecError where there is something in it that has no form here."""
    encoder = _Encoder()
    try:
        written = encoder.write(value)
    except RecursionError as error:
        raise CodecError("too deep") from error
    return json.dumps([list(encoder.classes), written], separators=(",", ":")).encode()


def decode(text: bytes) -> Any:
    """The value that was encoded. Raises CodecError for anything else."""
    try:
        names, written = json.loads(text)
        return _Decoder([_class(*name.split(":")) for name in names]).read(written)
    except CodecError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, ImportError, RecursionError) as error:
        raise CodecError(str(error)) from error


def _class(module: str, name: str) -> type:
    """A class that may be written down. Nothing else is ever imported, and no function called."""
    if not _MODULE.fullmatch(module) or not _NAME.fullmatch(name):
        raise CodecError(f"{module}.{name} is not data")
    found = getattr(import_module(module), name)
    if not (isinstance(found, type) and found.__module__ == module and _is_data(found)):
        raise CodecError(f"{module}.{name} is not data")
    return found


def _is_data(kind: type) -> bool:
    return issubclass(kind, Struct) or issubclass(kind, Enum) or _is_named_tuple(kind)


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _field_names(kind: type) -> tuple[str, ...]:
    if issubclass(kind, Struct):
        return kind.__struct_fields__
    return tuple(kind._fields)  # type: ignore[attr-defined]  # asked above


class _Encoder(Struct):
    classes: dict[str, int] = field(default_factory=dict)
    _met: dict[int, int] = field(default_factory=dict)
    _kept: list[object] = field(default_factory=list)
    """What was met, kept alive so that no two have one identity."""
    _fields: dict[type, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    def write(self, value: object) -> Any:
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind is int or kind is str or kind is float:
            return value
        if kind is tuple and isinstance(value, tuple):
            return [TUPLE, *map(self.write, value)]
        if isinstance(value, Enum):
            return [self._row(kind)[0], value.name]
        if _MODULE.fullmatch(kind.__module__):
            return self._object(value, kind)
        return self._collection(value)

    def _object(self, value: object, kind: type) -> list[Any]:
        known = self._met.get(id(value))
        if known is not None:
            return [AGAIN, known]
        number, names = self._row(kind)
        written = [number, *(self.write(getattr(value, name)) for name in names)]
        # Numbered when it is finished, as the decoder does.
        self._met[id(value)] = len(self._kept)
        self._kept.append(value)
        return written

    def _collection(self, value: object) -> list[Any]:
        if isinstance(value, Mapping):
            return [DICT, *(self.write(part) for pair in value.items() for part in pair)]
        if isinstance(value, frozenset):
            return [FROZENSET, *map(self.write, value)]
        if isinstance(value, list):
            return [LIST, *map(self.write, value)]
        raise CodecError(f"a {type(value).__name__} is not data")

    def _row(self, kind: type) -> tuple[int, tuple[str, ...]]:
        """The number of a class, and the fields that are written."""
        row = self._fields.get(kind)
        if row is None:
            name = f"{kind.__module__}:{kind.__qualname__}"
            _class(*name.split(":"))
            names = () if issubclass(kind, Enum) else _field_names(kind)
            row = self._fields[kind] = self.classes.setdefault(name, len(self.classes)), names
        return row


class _Decoder(Struct, dict=True):
    classes: list[type]
    _met: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._fields = [() if issubclass(kind, Enum) else _field_names(kind) for kind in self.classes]

    def read(self, written: Any) -> Any:
        if type(written) is not list:
            return written
        head = written[0]
        if type(head) is int:
            return self._object(head, written)
        if head == AGAIN:
            return self._met[written[1]]
        parts = [self.read(part) for part in written[1:]]
        if head == TUPLE:
            return tuple(parts)
        if head == DICT:
            return dict(zip(parts[::2], parts[1::2], strict=True))
        if head == FROZENSET:
            return frozenset(parts)
        if head == LIST:
            return parts
        raise CodecError(f"{head!r} means nothing")

    def _object(self, number: int, written: list[Any]) -> object:
        kind, names = self.classes[number], self._fields[number]
        if issubclass(kind, Enum):
            return kind[written[1]]
        values = [self.read(part) for part in written[1:]]
        made = kind(**dict(zip(names, values, strict=True)))
        self._met.append(made)
        return made
