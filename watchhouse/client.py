"""A client of the HTTP service, for notebooks.

    from watchhouse.client import Client

    client = Client("http://localhost:8000")
    client.query("hours_viewed", dimensions=["show_name"], sort=["-hours_viewed"])

All rows of one call are of one release, however many pages they take.
"""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

from watchhouse.errors import WatchhouseError
from watchhouse.headers import NEXT_CURSOR, PROVENANCE

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
"""One row, as JSON has it: days and moments are text, what is not known is None."""
_PAGE_ROWS: Final = 10_000
_ARROW: Final = "application/vnd.apache.arrow.stream"


class Client:
    """What a service answers; every failure is a `WatchhouseError` with the service's reason."""

    def __init__(self, url: str, key: str | None = None, *, seconds: float = 60.0) -> None:
        """Ask the service at `url`, with an API key if it wants one, for at most `seconds`.

        Raises:
            WatchhouseError: `url` is no address of a service.
        """
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
            message = f"{url!r} is no address; give one as http://localhost:8000"
            raise WatchhouseError(message)
        self._url = url.rstrip("/")
        self._key = key
        self._seconds = seconds

    def metrics(self) -> list[Row]:
        """Return what every metric means: name, label, unit, level, version, mart and so on.

        Raises:
            WatchhouseError: the service does not answer, or says why it will not.
        """
        items: list[Row] = self._json("/v1/metrics", {})["items"]
        return items

    def query(self, *metrics: str, **asked: Any) -> list[Row]:  # noqa: ANN401 - see `question`
        """Return rows of metrics; the parameters are those of `question`.

        Raises:
            WatchhouseError: the service does not answer, or names what is wrong.
        """
        return list(self._rows("/v1/metrics/query", question(metrics, **asked)))

    def table(self, *metrics: str, **asked: Any) -> "pa.Table":  # noqa: ANN401 - see `question`
        """Return the rows of `query` as an Arrow table, with their types.

        Its `schema.metadata` has `release`, `data_as_of`, `metric_version`, `data_level` and
        `data_levels`.

        Raises:
            WatchhouseError: the service does not answer, or names what is wrong.
        """
        import pyarrow as pa  # noqa: PLC0415 - whoever wants dictionaries does not wait for it

        parameters = question(metrics, **asked)
        answers = list(self._pages("/v1/metrics/query", parameters, _ARROW))
        pages = [pa.ipc.open_stream(body).read_all() for body, _ in answers]
        _, headers = answers[0]
        # A page without any value of a column knows less of its type than the others.
        table = pa.concat_tables(pages, promote_options="permissive")
        return table.replace_schema_metadata(
            {name: headers.get(header, "") for name, header in PROVENANCE.items()}
        )

    def shows(self, search: str | None = None) -> list[Row]:
        """Return shows by id, all or those whose name holds `search`.

        Raises:
            WatchhouseError: the service does not answer, or names what is wrong.
        """
        return list(self._rows("/v1/shows", {} if search is None else {"q": search}))

    def user(self, user_id: str) -> Row:
        """Return what is known of a user, by the identifier that its events bear.

        The service records each such request.

        Raises:
            WatchhouseError: there is no such user, or the key may not read users.
        """
        return self._json(f"/v1/users/{quote(user_id, safe='')}", {})

    def _rows(self, path: str, parameters: Mapping[str, Any]) -> Iterator[Row]:
        for body, _ in self._pages(path, parameters, "application/json"):
            yield from json.loads(body)["items"]

    def _pages(
        self, path: str, parameters: Mapping[str, Any], media_type: str
    ) -> Iterator[tuple[bytes, http.client.HTTPMessage]]:
        """Yield pages until the last one, all of the release that the first one is of."""
        wanted = {**parameters, "limit": _PAGE_ROWS}
        while True:
            body, headers = self._get(path, wanted, media_type)
            yield body, headers
            following = headers[NEXT_CURSOR]
            if following is None:
                return
            wanted |= {"cursor": following, "as_of": headers[PROVENANCE["release"]]}

    def _json(self, path: str, parameters: Mapping[str, Any]) -> Row:
        document: Row = json.loads(self._get(path, parameters, "application/json")[0])
        return document

    def _get(
        self, path: str, parameters: Mapping[str, Any], media_type: str
    ) -> tuple[bytes, http.client.HTTPMessage]:
        text = urlencode(parameters, doseq=True)
        url = f"{self._url}{path}{'?' if text else ''}{text}"
        request = Request(url, headers={"Accept": media_type})  # noqa: S310 - checked above
        if self._key is not None:
            # It is for this service, not for one that it may send us to.
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        try:
            with urlopen(request, timeout=self._seconds) as answer:  # noqa: S310 - as above
                return answer.read(), answer.headers
        except HTTPError as error:
            with error:
                raise WatchhouseError(_detail(error)) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            message = f"{self._url} does not answer ({reason}); is `watchhouse serve` running?"
            raise WatchhouseError(message) from error


def question(  # noqa: PLR0913 - a question has as many parts, all by name
    metrics: Sequence[str],
    *,
    dimensions: Sequence[str] = (),
    grain: str = "total",
    start: date | str | None = None,
    end: date | str | None = None,
    tz: str | None = None,
    compare: str | None = None,
    filters: Mapping[str, Sequence[str | None]] | None = None,
    sort: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the parameters of `/v1/metrics/query`.

    `start` and `end` are reporting days, `end` no longer asked for; `filters` has the values of
    which a dimension must have one, None for what is not known. The rest are names as the service
    takes them.
    """
    parameters: dict[str, Any] = {
        "metrics": ",".join(metrics),
        "dimensions": ",".join(dimensions),
        "grain": grain,
        "from": start,
        "to": end,
        "tz": tz,
        "compare": compare,
        "filters": [
            f"{name}:{'' if value is None else value}"
            for name, values in (filters or {}).items()
            for value in values
        ],
        "sort": ",".join(sort),
    }
    return {name: value for name, value in parameters.items() if value not in (None, "", [])}


def _detail(error: HTTPError) -> str:
    """Return what a problem document says, or at least the status."""
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, TypeError, KeyError, OSError):
        return f"{error.url} answered {error.code} {error.reason}"
