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


class _Values:
    """Takes the values out of the fields of one key."""

    def __init__(self, field: Field) -> None:
        begin, end = rf"\A\Q{field.before}\E", rf"\Q{field.after}\E\z"
        self._text = f'{begin}"{_CHARACTERS}"{end}'
        self._literal = f"{begin}{_LITERAL}{end}"
        self._null = f"{field.before}null{field.after}"
        self._before = len(field.before)
        self._after = len(field.after)
        self._is_text = True

    def decode(
        self, column: "pa.ChunkedArray"
    ) -> "tuple[pa.ChunkedArray, NDArray[np.bool_] | None]":
        """Return the values, and which of them are such; None if all are."""
        import pyarrow as pa  # noqa: PLC0415

        decoded = [self._decode_chunk(chunk) for chunk in column.chunks]
        chunks = [chunk for chunk, _ in decoded]
        if any(fits is not None for _, fits in decoded):
            fits = [
                np.ones(len(chunk), np.bool_) if known is None else known
                for chunk, known in decoded
            ]
            plain = pa.chunked_array([as_plain(chunk) for chunk in chunks], pa.string())
            return plain, np.concatenate(fits)
        if len({chunk.type for chunk in chunks}) > 1:
            chunks = [as_plain(chunk) for chunk in chunks]
        return pa.chunked_array(chunks, None if chunks else column.type), None

    def _decode_chunk(self, chunk: "pa.Array") -> "tuple[pa.Array, NDArray[np.bool_] | None]":
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        is_encoded = pa.types.is_dictionary(chunk.type)
        values = chunk.dictionary if is_encoded else chunk
        for is_text in (self._is_text, not self._is_text):
            pattern = self._text if is_text else self._literal
            if pc.all(pc.match_substring_regex(values, pattern)).as_py() is not False:
                self._is_text = is_text
                bare = self._bare(values, quotes=int(is_text))
                if is_encoded:
                    return pa.DictionaryArray.from_arrays(chunk.indices, bare), None
                return bare, None
        # Mixed: text, literals, nulls, or something else.
        texts = pc.match_substring_regex(values, self._text)
        literals = pc.match_substring_regex(values, self._literal)
        bare = pc.if_else(
            texts,
            self._bare(values, quotes=1),
            pc.if_else(literals, self._bare(values, quotes=0), pa.scalar(None, pa.string())),
        )
        fits = pc.or_(pc.or_(texts, literals), pc.equal(values, self._null))
        if is_encoded:
            bare, fits = bare.take(chunk.indices), fits.take(chunk.indices)
        return bare, None if pc.all(fits).as_py() else np.asarray(
            fits.to_numpy(zero_copy_only=False)
        )

    def _bare(self, values: "pa.Array", *, quotes: int) -> "pa.Array":
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        start, after = self._before + quotes, self._after + quotes
        if not after:
            return pc.utf8_slice_codeunits(values, start)
        # Bytes are faster to cut, but only where something follows. A field that does not fit may
        # be cut within a character: its value is not used.
        return pc.binary_slice(values.view(pa.binary()), start, -after).view(pa.string())
