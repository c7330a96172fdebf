"""How many of something there are, in words."""


def counted(count: int, noun: str) -> str:
    """Return the number with the noun, which stands in the singular: `1 batch`, `1,200 batches`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith('ch') else 's'}"
