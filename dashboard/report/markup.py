"""HTML and SVG by elements: text is escaped where it is put in, so that no name can be markup."""

from html import escape
from typing import Final

_EMPTY: Final = frozenset({"meta", "line", "rect", "circle", "polyline", "polygon"})
"""Elements without content."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *content: str, **attributes: str | float) -> Markup:
    """Return an element; content that is no `Markup` is escaped, and so is every attribute.

    An underscore at the end of an attribute's name is left out, others become hyphens.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{together(*content)}</{name}>")


def together(*content: str) -> Markup:
    """Return content one after the other, escaped where it is no markup."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in content))


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
