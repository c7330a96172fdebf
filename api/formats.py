"""How a route says that its rows come in several formats."""

from typing import Any, Final, Literal

from api.answers import MEDIA_TYPES

Suffix = Literal["json", "csv", "ndjson", "parquet", "arrow"]
FORMATS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for name, media_type in MEDIA_TYPES.items()
            if name != "json"
        }
    }
}
