"""A few glyphs cut out of a TrueType font, as PDF embeds them: outlines and widths, numbered anew, without hints.

Only copies bytes, so a page's glyphs take a millisecond, where a general subsetter takes twenty. What the tables mean:
ISO/IEC 14496-22 (OpenType), sections 5.1 to 5.3; which of them a CIDFontType2 needs: ISO 32000-1, 9.9.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

_TRUETYPE = 0x00010000
_NOTDEF = 0
# Flags of the parts of a composite glyph.
_WORDS = 0x0001
_SCALE = 0x0008
_MORE = 0x0020
_SCALE_XY = 0x0040
_MATRIX = 0x0080
_INSTRUCTIONS = 0x0100


class _Outline(NamedTuple):
    """The bytes of a glyph without hints, and at which of them the number of a part of it stands."""

    data: bytes
    parts: tuple[tuple[int, int], ...] = ()


class GlyphSource:
    """The outlines and metrics of a TrueType font, from which fonts of a few glyphs are cut."""

    def __init__(self, tables: Mapping[str, bytes]) -> None:
        self._head = tables["head"]
        self._hhea = tables["hhea"]
        self._maxp = tables["maxp"]
        self._glyf = tables["glyf"]
        self._metrics = tables["hmtx"]
        self._advances = struct.unpack_from(">H", self._hhea, 34)[0]
        self._offsets = _offsets(self._head, tables["loca"])
        self._outlines: dict[int, _Outline] = {}

    @classmethod
    def of_file(cls, data: bytes) -> Self:
        """The source of a font file with one TrueType font in it."""
        count = struct.unpack_from(">H", data, 4)[0]
        tables = {}
        for at in range(12, 12 + 16 * count, 16):
            tag, _, start, length = struct.unpack_from(">4sLLL", data, at)
            tables[tag.decode("ascii")] = data[start : start + length]
        return cls(tables)

    def cut(self, wanted: Mapping[int, int]) -> bytes:
        """A font in which glyph number `key` is glyph `wanted[key]` of this one; 0 is the sign for a missing glyph."""
        slots = [wanted.get(number, _NOTDEF) if number else _NOTDEF for number in range(max(wanted, default=0) + 1)]
        used = set(wanted) | {0}
        places: dict[int, int] = {}
        glyphs = bytearray()
        loca: list[int] = []
        metrics = bytearray()
        number = 0
        while number < len(slots):
            source = slots[number]
            loca.append(len(glyphs))
            metrics += self._metric(source)
            if number in used:
                glyphs += self._renumbered(source, places, slots, used)
            number += 1
        loca.append(len(glyphs))
        return _font_file(
            {
                "glyf": bytes(glyphs),
                "head": self._head[:8] + bytes(4) + self._head[12:50] + struct.pack(">h", 1) + self._head[52:],
                "hhea": self._hhea[:34] + struct.pack(">H", len(slots)),
                "hmtx": bytes(metrics),
                "loca": struct.pack(f">{len(loca)}L", *loca),
                "maxp": self._maxp[:4] + struct.pack(">H", len(slots)) + self._maxp[6:],
            }
        )

    def _renumbered(self, source: int, places: dict[int, int], slots: list[int], used: set[int]) -> bytes:
        """The outline with the new numbers of its parts, which get a slot at the end when they are first met."""
        outline = self._outlines.get(source)
        if outline is None:
            outline = self._outlines[source] = _outline(self._glyf[self._offsets[source] : self._offsets[source + 1]])
        if not outline.parts:
            return outline.data
        data = bytearray(outline.data)
        for at, part in outline.parts:
            if part not in places:
                places[part] = len(slots)
                used.add(len(slots))
                slots.append(part)
            struct.pack_into(">H", data, at, places[part])
        return bytes(data)

    def _metric(self, source: int) -> bytes:
        if source < self._advances:
            return self._metrics[4 * source : 4 * source + 4]
        bearing = 4 * self._advances + 2 * (source - self._advances)
        return self._metrics[4 * self._advances - 4 : 4 * self._advances - 2] + self._metrics[bearing : bearing + 2]


def _offsets(head: bytes, loca: bytes) -> Sequence[int]:
    if struct.unpack_from(">h", head, 50)[0] == 1:
        return struct.unpack(f">{len(loca) // 4}L", loca)
    return [2 * offset for offset in struct.unpack(f">{len(loca) // 2}H", loca)]


def _outline(data: bytes) -> _Outline:
    if not data:
        return _Outline(b"")
    contours = struct.unpack_from(">h", data)[0]
    return _simple(data, contours) if contours >= 0 else _composite(data)


def _simple(data: bytes, contours: int) -> _Outline:
    hints = 10 + 2 * contours
    length = struct.unpack_from(">H", data, hints)[0]
    return _Outline(_even(data[:hints] + b"\0\0" + data[hints + 2 + length :]))


def _composite(data: bytes) -> _Outline:
    found = bytearray(data)
    parts = []
    at, flags = 10, _MORE
    while flags & _MORE:
        flags, part = struct.unpack_from(">HH", data, at)
        struct.pack_into(">H", found, at, flags & ~_INSTRUCTIONS)
        parts.append((at + 2, part))
        at += 8 if flags & _WORDS else 6
        if flags & _SCALE:
            at += 2
        elif flags & _SCALE_XY:
            at += 4
        elif flags & _MATRIX:
            at += 8
    return _Outline(_even(bytes(found[:at])), tuple(parts))


def _even(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _font_file(tables: Mapping[str, bytes]) -> bytes:
    count = len(tables)
    power = 1 << count.bit_length() - 1
    out = bytearray(struct.pack(">LHHHH", _TRUETYPE, count, 16 * power, power.bit_length() - 1, 16 * (count - power)))
    start = 12 + 16 * count
    for tag, data in sorted(tables.items()):
        out += struct.pack(">4sLLL", tag.encode("ascii"), _checksum(data), start, len(data))
        start += len(_even(data))
    for _, data in sorted(tables.items()):
        out += _even(data)
    return bytes(out)


def _checksum(data: bytes) -> int:
    whole = _even(data)
    return int(sum(struct.unpack(f">{len(whole) // 4}L", whole))) & 0xFFFFFFFF
