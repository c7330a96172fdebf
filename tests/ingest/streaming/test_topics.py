"""How topics are named on the command line."""

from pathlib import Path

import pytest

from ingest.streaming.topics import read_topics
from watchhouse.errors import MappingError, UsageError


@pytest.mark.parametrize(
    ("given", "stream", "name"),
    [
        ("watch-events", "watch_events", "watch-events"),
        ("catalog", "catalog", "catalog"),
        ("users", "users", "users"),
        ("plays.v2", "watch_events", "plays.v2"),
        ("catalog=shows", "catalog", "shows"),
        (" watch-events=a.b ", "watch_events", "a.b"),
    ],
)
def test_name_and_stream(given: str, stream: str, name: str) -> None:
    (topic,) = read_topics([given])
    assert (topic.stream.name, topic.name) == (stream, name)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], "no topic is given"),
        (["a", "catalog=a"], "'a' is given twice"),
        (["shows=a"], "STREAM is one of catalog, users, watch_events"),
        (["a b"], "'a b': topics are named with letters"),
        (["catalog=a=b"], "'a=b': topics are named with letters"),
        ([".."], "topics are named with letters"),
        (["catalog="], "write NAME or STREAM=NAME"),
    ],
)
def test_topics_that_cannot_be_used(given: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        read_topics(given)


def test_a_mapping_is_of_one_stream(tmp_path: Path) -> None:
    file = tmp_path / "m.yml"
    file.write_text("source: cdn\ncolumns: {user_id: uid}\n")
    events, shows = read_topics(["a", "catalog=b"], [str(file)])
    assert (events.mapping.source, shows.mapping.source) == ("cdn", "default")
    with pytest.raises(MappingError):
        read_topics(["catalog=b"], [f"catalog={file}"])
