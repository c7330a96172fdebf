"""Bodies of requests, read up to a limit and no further."""

from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from api.problems import ProblemError


class Room:
    """Memory that bodies may take together; who finds none is asked to come again."""

    def __init__(self, size: int) -> None:
        """Allow `size` bytes."""
        self._left = size

    def take(self, size: int) -> None:
        """Take some.

        Raises:
            ProblemError: there is none left.
        """
        if size > self._left:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "busy",
                "more events are waiting to be stored than there is room for; nothing was "
                "accepted. Send the same again in a second.",
                headers={"Retry-After": "1"},
            )
        self._left -= size

    def give(self, size: int) -> None:
        """Give some back."""
        self._left += size


async def read_body(request: Request, *, limit: int) -> bytes:
    """Read a body of at most `limit` bytes.

    Raises:
        ProblemError: it is longer, encoded, or was not sent whole.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        detail = f"Content-Encoding {encoding!r} is not taken; send the body as it is"
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "encoded-body", detail)
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            pieces.append(piece)
    except ClientDisconnect as error:
        detail = "the body was not sent whole; nothing was accepted"
        raise ProblemError(HTTPStatus.BAD_REQUEST, "incomplete-body", detail) from error
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def declared_size(request: Request, *, limit: int) -> int:
    """Return how many bytes to expect; the limit where the sender does not say.

    Raises:
        ProblemError: more than `limit`.
    """
    declared = request.headers.get("content-length")
    if declared is None:
        return limit
    size = int(declared)
    if size > limit:
        raise _too_large(limit)
    return size


def _too_large(limit: int) -> ProblemError:
    detail = f"the body has more than {limit} bytes; send the events in smaller requests"
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail, headers={"Connection": "close"}
    )
