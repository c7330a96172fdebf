"""JSON objects that are written alike, read as delimited text.

Most files of JSON have the same keys in the same order on every line, because one program wrote
them. Such lines differ only in their values: split at the commas, each field is a text that never
changes, then a value. That is several times faster than parsing, and exact: a line counts only if
every field is its text followed by one whole JSON value; all others are left to a real parser.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.blocks import count_below, count_byte, has_byte
from ingest.tables import TableReader, as_plain

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from ingest.records import Integers

_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_LITERAL: Final = rf"(?:{_NUMBER}|true|false)"
_CHARACTERS: Final = r'[^"\\\x00-\x1f]*'
_KEY: Final = r"[ !#-\[\]-~]*"
"""Keys of other than ASCII characters are left to the parser."""
_PAIR: Final = re.compile(
    rf'([ \t]*"({_KEY})"[ \t]*:[ \t]*)(?:"{_CHARACTERS}"|{_LITERAL}|null)'.encode()
)
_SPACE, _QUOTE = 32, 34
_OPENING: Final = re.compile(rb"[ \t]*\{")
_CLOSING: Final = re.compile(rb"[ \t]*\}[ \t]*")


@dataclass(frozen=True)
class Field:
    """One key of a template: what stands before its value, and after it."""

    before: str
    after: str


class Template:
    """Objects of one shape."""

    def __init__(self, keys: Sequence[str], fields: Sequence[Field]) -> None:
        """Prepare to read objects with these keys, in this order."""
        self.keys = tuple(keys)
        self._fields = tuple(_Values(field) for field in fields)
        self._reader = TableReader(len(keys), delimiter=",", has_quotes=False, has_nulls=False)
        self._is_uniform = True

    def read(self, text: memoryview, count: int) -> "tuple[pa.Table, Integers] | None":
        """Read those of `count` lines that have this shape, as text columns and their indexes.

        The text is valid UTF-8 without carriage returns. None if one of its lines is blank or
        very long: then nothing is known about where the others are.
        """
        import pyarrow as pa  # noqa: PLC0415

        try:
            read = self._reader.read(text, has_breaks=False)
        except pa.ArrowInvalid:
            return None
        if read.table.num_rows + len(read.bad) != count:
            return None
        if not len(read.bad) and self._is_uniform:
            trusted = self._decode_trusted(text, count, read.table)
            if trusted is not None:
                return trusted, np.arange(count, dtype=np.int64)
            self._is_uniform = False  # Do not try in vain again.
        columns, alike = [], None
        for field, column in zip(self._fields, read.table.columns, strict=True):
            values, fits = field.decode(column)
            columns.append(values)
            if fits is not None:
                alike = fits if alike is None else alike & fits
        table = pa.table(columns, names=read.table.column_names)
        indexes = np.delete(np.arange(count, dtype=np.int64), read.bad)
        if alike is None:
            return table, indexes
        return table.filter(pa.array(alike)), indexes[alike]

    def _decode_trusted(self, text: memoryview, count: int, table: "pa.Table") -> "pa.Table | None":
        """Decode a block whose values are of one kind per key; None if it may not be that.

        Looking at the ends of values is enough where the whole block has neither backslashes nor
        control characters, and no more quotes than its keys and texts account for.
        """
        import pyarrow as pa  # noqa: PLC0415

        if has_byte(text, b"\\") or count_below(text, _SPACE) != count:
            return None
        columns, quotes = [], 0
        for field, column in zip(self._fields, table.columns, strict=True):
            values = field.decode_trusted(column)
            if values is None:
                return None
            columns.append(values[0])
            quotes += values[1]
        if count_byte(text, _QUOTE) != quotes * count:
            return None
        return pa.table(columns, names=table.column_names)


def learn(record: bytes) -> Template | None:
    """Make the template that a record follows; None if it is not as simple as that."""
    opening = _OPENING.match(record)
    at = opening.end() if opening else -1
    keys: list[str] = []
    befores: list[str] = []
    while at >= 0 and (pair := _PAIR.match(record, at)):
        keys.append(pair[2].decode())
        before = pair[1] if keys[1:] else record[: pair.end(1)]
        befores.append(before.decode())
        at = pair.end() + 1
        if record[pair.end() : at] != b",":
            closing = _CLOSING.fullmatch(record, pair.end())
            if closing is None or len(set(keys)) != len(keys):
                return None
            afters = [""] * (len(keys) - 1) + [closing[0].decode()]
            return Template(keys, [Field(b, a) for b, a in zip(befores, afters, strict=True)])
    return None


@dataclass(frozen=True)
class _Decoded:
    """Values taken out of fields.

    `quotes` is the number of quotes in each field, None if that differs from field to field;
    `fits` tells which fields are sound, None if all are.
    """

    values: "pa.Array"
    quotes: int | None
    fits: "NDArray[np.bool_] | None" = None


class _Values:
    """Takes the values out of the fields of one key."""

    def __init__(self, field: Field) -> None:
        self._begin, self._end = f'{field.before}"', f'"{field.after}'
        begin, end = rf"\A\Q{field.before}\E", rf"\Q{field.after}\E\z"
        self._text = f'{begin}"{_CHARACTERS}"{end}'
        self._literal = f"{begin}{_LITERAL}{end}"
        self._null = f"{field.before}null{field.after}"
        self._before = len(field.before)
        self._after = len(field.after)
        self._quotes = field.before.count('"')
        # Only a hint at what to try first: several threads read blocks of the same file.
        self._is_text = True

    def decode(
        self, column: "pa.ChunkedArray"
    ) -> "tuple[pa.ChunkedArray, NDArray[np.bool_] | None]":
        """Return the values, and which of them are such; None if all are."""
        decoded = [self._decode_chunk(chunk) for chunk in column.chunks]
        values = _joined([part.values for part in decoded], column.type)
        if all(part.fits is None for part in decoded):
            return values, None
        fits = [
            np.ones(len(part.values), np.bool_) if part.fits is None else part.fits
            for part in decoded
        ]
        return values, np.concatenate(fits)

    def decode_trusted(self, column: "pa.ChunkedArray") -> "tuple[pa.ChunkedArray, int] | None":
        """Return the values and the quotes in each field; None if they are of several kinds.

        Of text that is not encoded only the ends are looked at.
        """
        import pyarrow as pa  # noqa: PLC0415

        decoded = []
        for chunk in column.chunks:
            part = None
            if self._is_text and pa.types.is_string(chunk.type):
                part = self._cut_ends(chunk)
            decoded.append(part or self._decode_chunk(chunk))
        kinds = {part.quotes for part in decoded}
        quotes = kinds.pop() if len(kinds) == 1 else None
        if quotes is None:
            return None
        return _joined([part.values for part in decoded], column.type), quotes

    def _cut_ends(self, chunk: "pa.Array") -> _Decoded | None:
        import pyarrow.compute as pc  # noqa: PLC0415

        fits = pc.and_(pc.starts_with(chunk, self._begin), pc.ends_with(chunk, self._end))
        shortest = pc.min(pc.binary_length(chunk)).as_py()
        if not pc.all(fits).as_py() or shortest < len(self._begin) + len(self._end):
            return None
        return _Decoded(self._bare(chunk, quotes=1), self._quotes + 2)

    def _decode_chunk(self, chunk: "pa.Array") -> _Decoded:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        is_encoded = pa.types.is_dictionary(chunk.type)
        fields = chunk.dictionary if is_encoded else chunk
        first = self._is_text
        for is_text in (first, not first):
            pattern = self._text if is_text else self._literal
            if pc.all(pc.match_substring_regex(fields, pattern)).as_py() is not False:
                self._is_text = is_text
                bare = self._bare(fields, quotes=int(is_text))
                if is_encoded:
                    bare = pa.DictionaryArray.from_arrays(chunk.indices, bare)
                return _Decoded(bare, self._quotes + 2 * int(is_text))
        # Mixed: text, literals, nulls, or something else.
        texts = pc.match_substring_regex(fields, self._text)
        literals = pc.match_substring_regex(fields, self._literal)
        bare = pc.if_else(
            texts,
            self._bare(fields, quotes=1),
            pc.if_else(literals, self._bare(fields, quotes=0), pa.scalar(None, pa.string())),
        )
        sound = pc.or_(pc.or_(texts, literals), pc.equal(fields, self._null))
        if is_encoded:
            bare, sound = bare.take(chunk.indices), sound.take(chunk.indices)
        fits = None if pc.all(sound).as_py() else sound.to_numpy(zero_copy_only=False)
        return _Decoded(bare, None, fits)

    def _bare(self, fields: "pa.Array", *, quotes: int) -> "pa.Array":
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        start, after = self._before + quotes, self._after + quotes
        if not after:
            return pc.utf8_slice_codeunits(fields, start)
        # Bytes are faster to cut, but only where something follows. A field that does not fit may
        # be cut within a character: its value is not used.
        return pc.binary_slice(fields.view(pa.binary()), start, -after).view(pa.string())


def _joined(chunks: "list[pa.Array]", kind: "pa.DataType") -> "pa.ChunkedArray":
    """Return chunks as one column, encoded only if all of them are."""
    import pyarrow as pa  # noqa: PLC0415

    if len({chunk.type for chunk in chunks}) > 1:
        chunks = [as_plain(chunk) for chunk in chunks]
    return pa.chunked_array(chunks, None if chunks else kind)
