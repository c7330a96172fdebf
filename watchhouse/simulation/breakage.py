"""Breaks a sound record so that it cannot be split, without touching the lines around it."""

from watchhouse.simulation.rows import Fault


def break_line(line: bytes, fault: int) -> bytes:
    """Return the record, line end included, with one fault of the kind given."""
    match Fault(fault):
        case Fault.COLUMN_COUNT:
            return _miscount(line)
        case Fault.INVALID_QUOTING:
            # A quoted field that goes on after its quote, with both quotes on this line.
            user, _, rest = line.partition(b",")
            return b'"' + user + b'"?,' + rest
        case Fault.INVALID_UTF8:
            return _latin(line)
        case Fault.INVALID_JSON:
            return line[: len(line) // 2] + b"\n"
        case Fault.NOT_AN_OBJECT:
            return b"[" + line.removeprefix(b"{").partition(b",")[0].partition(b":")[2] + b"]\n"
        case Fault.NONE:
            return line


def _miscount(line: bytes) -> bytes:
    """Add a field, or leave out the last few where the line is of even length."""
    if len(line) % 2:
        return line.removesuffix(b"\n") + b",surplus\n"
    return line.rsplit(b",", maxsplit=3)[0] + b"\n"


def _latin(line: bytes) -> bytes:
    """Put in a byte of Latin-1: a space that does not break, or a letter with an accent."""
    if b" " in line:
        return line.replace(b" ", b"\xa0", 1)
    return line.replace(b"user", b"us\xe9r", 1)
