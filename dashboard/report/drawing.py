"""Pictures of a report as inline SVG: colours are classes of its style, so that dark is dark."""

from collections.abc import Sequence
from typing import Final

from dashboard.report.markup import Markup, element

_WIDTH: Final = 660.0
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def days(now: Sequence[float], before: Sequence[float] | None, texts: Sequence[str]) -> Markup:
    """Return a bar for each day of a week, and the week before as a line across each.

    `texts` stand above the bars, one for each.
    """
    height, floor, ceiling = 176.0, 152.0, 24.0
    most = max(*now, *(before or ()), 1e-9)
    step = _WIDTH / len(now)
    wide = step * 0.62
    parts = []
    for place, value in enumerate(now):
        left = place * step + (step - wide) / 2
        top = floor - (floor - ceiling) * value / most
        parts.append(
            element("rect", x=left, y=top, width=wide, height=floor - top, rx=3.0, class_="bar")
        )
        over = top
        if before is not None:
            level = floor - (floor - ceiling) * before[place] / most
            ends = {"x1": left - 5, "x2": left + wide + 5, "y1": level, "y2": level}
            parts.append(element("line", **ends, class_="before"))
            over = min(over, level)
        middle = left + wide / 2
        parts.append(_text(texts[place], middle, over - 7, "middle", "strong"))
        parts.append(_text(_WEEKDAYS[place], middle, height - 6, "middle", "faint"))
    said = "; ".join(f"{day} {text}" for day, text in zip(_WEEKDAYS, texts, strict=True))
    return _picture(parts, height, f"Hours by day: {said}")


def movements(rows: Sequence[tuple[str, float, str]]) -> Markup:
    """Return a bar for each name, to the right where it rose and to the left where it fell.

    A row is a name, how far it moved, and the same as text.
    """
    line, zero, reach = 26.0, 0.62 * _WIDTH, 0.25 * _WIDTH
    most = max((abs(moved) for _, moved, _ in rows), default=0) or 1.0
    parts = []
    for place, (name, moved, text) in enumerate(rows):
        top = place * line
        length = reach * abs(moved) / most
        left, kind = (zero, "up") if moved > 0 else (zero - length, "down")
        parts.append(
            element("rect", x=left, y=top + 5, width=length, height=line - 10, rx=2.0, class_=kind)
        )
        edge = zero + length + 6 if moved > 0 else zero - length - 6
        anchor = "start" if moved > 0 else "end"
        base = top + line / 2 + 4
        parts.append(_text(_fitted(name, 31), 0, base, "start", "", whole=name))
        parts.append(_text(text, edge, base, anchor, "strong"))
    height = line * len(rows)
    parts.append(element("line", x1=zero, x2=zero, y1=0, y2=height, class_="axis"))
    said = "; ".join(f"{name} {text}" for name, _, text in rows)
    return _picture(parts, height, f"Hours against the week before: {said}")


def curve(name: str, shares: Sequence[float]) -> Markup:
    """Return how much of an audience is held over a runtime, from its beginning to its end."""
    width, height, floor, ceiling, left = 310.0, 120.0, 98.0, 10.0, 34.0
    most = max(1.0, *shares)
    step = (width - left) / max(len(shares) - 1, 1)
    points = [
        (left + place * step, floor - (floor - ceiling) * share / most)
        for place, share in enumerate(shares)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"{left:.1f},{floor:.1f} {path} {width:.1f},{floor:.1f}"
    parts = []
    for share in (0.0, 0.5, 1.0):
        level = floor - (floor - ceiling) * share / most
        parts.append(element("line", x1=left, x2=width, y1=level, y2=level, class_="grid"))
        parts.append(_text(f"{share:.0%}", left - 5, level + 4, "end", "faint"))
    parts.append(element("polygon", points=area, class_="area"))
    parts.append(element("polyline", points=path, class_="curve"))
    for x, anchor, text in ((left, "start", "begin"), (width, "end", "end")):
        parts.append(_text(text, x, height - 4, anchor, "faint"))
    middle = shares[len(shares) // 2 - 1] if shares else 0.0
    said = f"{name}: {middle:.0%} held at the middle, {shares[-1] if shares else 0:.0%} at the end"
    return _picture(parts, height, said, width=width)


def _text(  # noqa: PLR0913 - what a text is placed by
    text: str, x: float, y: float, anchor: str, kind: str, *, whole: str = ""
) -> Markup:
    title = (element("title", whole),) if whole and whole != text else ()
    return element("text", *title, text, x=x, y=y, text_anchor=anchor, class_=kind)


def _fitted(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _picture(parts: Sequence[Markup], height: float, said: str, *, width: float = _WIDTH) -> Markup:
    return element("svg", *parts, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=said)
