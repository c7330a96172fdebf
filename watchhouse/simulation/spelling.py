"""How names are compared, and how producers misspell them."""

import unicodedata
from collections.abc import Iterable


def normalise(name: str) -> str:
    """Return the form in which names are compared: NFC, single spaces, no edges, case-folded."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def spellings(name: str, aliases: Iterable[str]) -> tuple[str, ...]:
    """Return the spellings in which a show arrives: the usual one first, each once.

    White space, letter case and decomposed accents vary without changing the normalised form;
    aliases are other names of the same show.
    """
    candidates = [
        name,
        f" {name}",
        f"{name}  ",
        name.replace(" ", "  "),
        name.upper(),
        name.lower(),
        unicodedata.normalize("NFD", name),
    ]
    same = [spelling for spelling in candidates if normalise(spelling) == normalise(name)]
    return tuple(dict.fromkeys([*same, *aliases]))
