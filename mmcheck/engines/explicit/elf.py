"""One function of a relocatable object as a piece of code that runs wherever it lies in memory.

The function, all that it calls and the constants that both read are put in one row, and the distances between
them filled in. What would need more than that is refused: an address outside, data to write, a kind of
relocation that is not a distance.

References: System V application binary interface, AMD64 architecture processor supplement, 4.4 (relocation).
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct, pack_into
from typing import NamedTuple

from mmcheck.engines.explicit.compiled import Image

_HEADER = Struct("<16sHHIQQQIHHHHHH")
_SECTION = Struct("<IIQQQQIIQQ")
_SYMBOL = Struct("<IBBHQQ")
_RELOCATION = Struct("<QQq")

_MAGIC = b"\x7fELF\x02\x01\x01"
_RELOCATABLE, _X86_64 = 1, 62
_SYMBOLS, _RELOCATIONS = 2, 4
_WRITABLE, _LOADED, _CODE = 1, 2, 4
_FUNCTION = 2
_DISTANCES = {2, 4}
"""The relocations that are filled in: R_X86_64_PC32 and R_X86_64_PLT32."""


class RefusedError(Exception):
    """The object is of a kind that is not understood here, or needs more than itself."""


class Section(NamedTuple):
    """A section of the object."""

    kind: int
    flags: int
    content: bytes
    link: int
    info: int
    align: int


class Symbol(NamedTuple):
    """A symbol of the object; section 0 is where what is not defined lies."""

    name: str
    kind: int
    section: int
    value: int
    size: int


class Relocation(NamedTuple):
    """A place in a section that needs the distance to a symbol."""

    place: int
    symbol: Symbol
    kind: int
    addend: int


def link(content: bytes, name: str) -> Image:
    """The function of that name. Raises RefusedError where it cannot be had."""
    return _Linker(content).link(name)


class _Linker:
    def __init__(self, content: bytes) -> None:
        header = _HEADER.unpack_from(content)
        if not header[0].startswith(_MAGIC) or header[1:3] != (_RELOCATABLE, _X86_64):
            raise RefusedError("no relocatable object for x86-64")
        self.sections = [
            _section(content, *_SECTION.unpack_from(content, header[6] + i * header[11]))
            for i in range(header[12])
        ]
        symbols = next(s for s in self.sections if s.kind == _SYMBOLS)
        names = self.sections[symbols.link].content
        self.symbols = [_symbol(names, *found) for found in _SYMBOL.iter_unpack(symbols.content)]
        self.relocations: dict[int, list[Relocation]] = {}
        for section in self.sections:
            if section.kind == _RELOCATIONS:
                found = self.relocations.setdefault(section.info, [])
                for place, info, addend in _RELOCATION.iter_unpack(section.content):
                    found.append(Relocation(place, self.symbols[info >> 32], info & 0xFFFFFFFF, addend))

    def link(self, name: str) -> Image:
        entry = next((s for s in self.symbols if s.name == name and s.section), None)
        if entry is None:
            raise RefusedError(f"it has no function {name}")
        needed = self._needed(entry)
        starts: dict[int, int] = {}
        code = bytearray()
        for index in sorted({section for section, _ in needed}):
            section = self.sections[index]
            code += bytes(-len(code) % max(section.align, 64))
            starts[index] = len(code)
            code += section.content
        for index, relocation in needed:
            if relocation is not None:
                symbol = relocation.symbol
                place = starts[index] + relocation.place
                distance = starts[symbol.section] + symbol.value + relocation.addend - place
                pack_into("<i", code, place, distance)
        return Image(bytes(code), starts[entry.section] + entry.value)

    def _needed(self, entry: Symbol) -> set[tuple[int, Relocation | None]]:
        """The sections that a function needs, and those of their relocations that concern it."""
        needed: set[tuple[int, Relocation | None]] = set()
        seen: set[tuple[int, int, int]] = set()
        pending = [self._part(entry, 0)]
        while pending:
            part = pending.pop()
            if part in seen:
                continue
            seen.add(part)
            index, start, end = part
            needed.add((index, None))
            for relocation in self.relocations.get(index, []):
                if start <= relocation.place < end:
                    if relocation.kind not in _DISTANCES:
                        raise RefusedError(f"relocation {relocation.kind} to {relocation.symbol.name}")
                    needed.add((index, relocation))
                    # Code says how far it is from the next instruction, which comes 4 bytes later.
                    pending.append(self._part(relocation.symbol, relocation.addend + 4))
        return needed

    def _part(self, symbol: Symbol, addend: int) -> tuple[int, int, int]:
        """The function, or the section of constants, that a place is in: its section, start and end."""
        if not 0 < symbol.section < len(self.sections):
            raise RefusedError(f"it needs {symbol.name or 'something'} from outside")
        section = self.sections[symbol.section]
        if section.flags & _WRITABLE or not section.flags & _LOADED:
            raise RefusedError(f"it needs data that change, or are not there: {symbol.name}")
        if not section.flags & _CODE:
            return symbol.section, 0, len(section.content)
        at = symbol.value + (0 if symbol.kind == _FUNCTION else addend)
        for function in self._functions(symbol.section):
            if function.value <= at < function.value + function.size:
                return symbol.section, function.value, function.value + function.size
        raise RefusedError("it goes where no function is")

    def _functions(self, section: int) -> Iterator[Symbol]:
        return (s for s in self.symbols if s.kind == _FUNCTION and s.section == section)


def _section(
    content: bytes, _: int, kind: int, flags: int, __: int, at: int, size: int, *rest: int
) -> Section:
    link, info, align, _entry = rest
    return Section(kind, flags, content[at : at + size], link, info, align)


def _symbol(names: bytes, name: int, info: int, _: int, section: int, value: int, size: int) -> Symbol:
    return Symbol(names[name : names.index(0, name)].decode(), info & 15, section, value, size)
