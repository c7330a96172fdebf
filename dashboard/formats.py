"""How numbers, days and moments are written: thousands apart, units said, unknown as a dash."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

UNKNOWN: Final = "–"  # noqa: RUF001 - a dash is meant
"""What stands where a figure is not known, never a 0."""
SHARES: Final = frozenset({"share", "rate"})
_WHOLE: Final = frozenset({"plays", "users", "sessions", "shows", "rows", "days", "weeks", "rank"})
_LARGE: Final = 100
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


def amount(value: float | None, unit: str) -> str:
    """Write a figure of a unit of the registry: 12,378 for counts, 76.8% for shares."""
    if value is None:
        return UNKNOWN
    if unit in SHARES:
        return f"{value:.1%}"
    if unit in _WHOLE and float(value).is_integer():
        return f"{value:,.0f}"
    digits = 0 if abs(value) >= _LARGE else 1
    return f"{value:,.{digits}f}"


def change(value: float | None, compared: float | None, unit: str) -> str | None:
    """Write the way from one figure to another: in points for shares, else relative.

    None where either is not known, or where everything would be a change from nothing.
    """
    if value is None or compared is None:
        return None
    if unit not in SHARES and compared == 0:
        return None
    text = (
        f"{(value - compared) * 100:+.1f} pts"
        if unit in SHARES
        else f"{value / compared - 1:+,.1%}"
    )
    # Neither up nor down.
    return text.removeprefix("+").removeprefix("-") if float_of(text) == 0 else text


def week(first_day: date) -> str:
    """Write a week by its days: 26 Jan to 1 Feb 2026."""
    return days(first_day, first_day + timedelta(days=7))


def share_of(value: float | None, compared: float | None) -> float | None:
    """Return the relative change, None where there is nothing to compare with."""
    if value is None or not compared:
        return None
    return value / compared - 1


def float_of(text: str) -> float:
    """Read a written change back: the number before its unit."""
    return float(text.removesuffix("%").removesuffix(" pts").replace(",", ""))


def days(first: date, end: date) -> str:
    """Write the days from `first` to before `end`: 20 Jan to 2 Feb 2026."""
    last = end - timedelta(days=1)
    if first == last:
        return day(first)
    beginning = f"{first.day} {first:%b}" if first.year == last.year else day(first)
    return f"{beginning} to {day(last)}"


def day(value: date) -> str:
    """Write a day: 2 Feb 2026."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime | None, zone: str) -> str:
    """Write a moment as clocks of a time zone show it."""
    if value is None:
        return UNKNOWN
    local = value.astimezone(ZoneInfo(zone))
    return f"{day(local)} {local:%H:%M} {local:%Z}"


def age(seconds: float) -> str:
    """Write how long ago something was, in its largest unit."""
    for length, unit in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count:,} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
