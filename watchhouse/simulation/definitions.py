"""What each figure of `truth.json` means."""

from typing import Final

DEFINITIONS: Final = {
    "records": "Records in the event files, header lines not counted.",
    "rejected": "Records that cannot be split: the loader sets them aside, none of them lands.",
    "rejected_by_reason": "Rejected records by the loader's reason code.",
    "landed": "Records that can be split: records - rejected.",
    "quarantined": "Landed rows that break at least one rule, before any are deduplicated.",
    "quarantined_by_reason": (
        "Landed rows that break a rule, by its reason code; a row that breaks two counts in both."
    ),
    "duplicates": (
        "Rows that pass the rules but tell of an event that another such row tells of. Same event: "
        "same event_id when it is not empty; else same user, show (show_id, else the normalised "
        "name), season, episode, start and duration, where values not given are equal. The longest "
        "watched of them is kept, the others are duplicates."
    ),
    "valid": "Rows that pass the rules and are kept: landed - quarantined - duplicates.",
    "zero_minute_events": "Valid rows with zero minutes: valid, but not plays.",
    "late_events": (
        "Rows that pass the rules, duplicates included, in a file later than that of the day of "
        "their start. File i of n, from 0, is that of day d of D, from 0, with i = d * n // D; "
        "days past the last belong to the last file."
    ),
    "plays": "Valid rows with more than zero minutes.",
    "valid_plays": "Plays of at least 30 seconds.",
    "distinct_users": "Users with at least one play.",
    "distinct_shows": "Shows with at least one play; for what a show is see top_shows.",
    "user_days": "Pairs of a user and a day (UTC, of the start) with at least one play.",
    "watched_microseconds": "Sum of the watched time of all plays, exactly.",
    "hours_viewed": "watched_microseconds / 3.6e9.",
    "sessions": (
        "Runs of a user's plays in order of start; a new one begins when a play starts strictly "
        "more than 30 minutes after the latest end of the user's earlier plays. Not cut at "
        "midnight."
    ),
    "binge_sessions": (
        "Sessions with at least 3 distinct episodes (season and episode) of one show; or, where "
        "none of the plays of a show in the session says which episode it was, films included, "
        "with at least 120 minutes of that show."
    ),
    "plays_with_known_runtime": (
        "Plays for which catalog.csv has a runtime: same show, season and episode, where values "
        "not given are equal. Events carry no runtime of their own."
    ),
    "complete_plays": (
        "Plays with a known runtime of which at least 90 % was watched, by the single play. None "
        "lies exactly on the threshold."
    ),
    "first_started_at": "The earliest start of a play (UTC).",
    "last_started_at": "The latest start of a play (UTC).",
    "plays_by_day": "Plays by the day of their start (UTC); days without plays are left out.",
    "top_shows": (
        "The ten shows with the most hours, then by name. A show is: the event's show_id; else the "
        "one show of catalog.csv whose name or alias, normalised, is the event's name; else, when "
        "none or several bear it, the normalised name itself (show_id null). Normalised: NFC, "
        "white space trimmed and single, case-folded. show_name is the catalogue's, else the usual "
        "spelling."
    ),
}
