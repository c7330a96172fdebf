"""The report as one HTML file: it loads nothing, runs nothing, and is light or dark as asked."""

from collections.abc import Iterable, Sequence

from dashboard.definitions import label
from dashboard.formats import UNKNOWN, amount, day, days, float_of
from dashboard.places import NO_PLACE
from dashboard.report import drawing
from dashboard.report.facts import Curve, Facts, Figure, Place, Restated
from dashboard.report.look import POLICY, STYLE
from dashboard.report.markup import Markup, element, together


def page(facts: Facts) -> str:
    """Return the whole file."""
    week = facts.week
    name = f"Week {week.name}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{name} · Watchhouse"),
        element("style", Markup(STYLE)),
    )
    unfinished = "" if week.is_over else " This week is not over in the data: it will change."
    body = element(
        "main",
        element("h1", name),
        element(
            "p",
            f"{days(week.first_day, week.end)}, days of the reporting time zone. Release "
            f"{facts.release_id}, data to {facts.data_as_of}.{unfinished}",
            class_="faint",
        ),
        _figures(facts),
        _days(facts),
        _movers(facts),
        _lists(facts),
        _curves(facts),
        _quality(facts),
        element(
            "p",
            f"{UNKNOWN} is a figure that is not known, or that would describe fewer than "
            f"{facts.smallest_group} users. What each figure means: watchhouse metrics.",
            class_="note",
        ),
    )
    document = element("html", head, element("body", body), lang="en")
    return f"<!doctype html>\n{document}\n"


def _figures(facts: Facts) -> Markup:
    cards = (_card(figure) for figure in facts.figures)
    said = (
        "Against the week before."
        if facts.week.is_comparable
        else "Not compared: the release does not know all of the week before."
    )
    return together(element("div", *cards, class_="cards"), _note(said))


def _card(figure: Figure) -> Markup:
    moved: tuple[Markup, ...] = ()
    if figure.moved is not None:
        moved = (
            element(
                "div",
                _arrow(figure.moved),
                element("span", f" from {figure.before}", class_="faint"),
            ),
        )
    title = element("div", label(figure.name), class_="faint")
    return element("div", title, element("b", figure.value), *moved, class_="card")


def _arrow(moved: str) -> Markup:
    way = float_of(moved)
    if way == 0:
        return element("span", f"= {moved}", class_="faint")
    return element("span", f"{'▲' if way > 0 else '▼'} {moved}", class_="up" if way > 0 else "down")


def _days(facts: Facts) -> Markup:
    texts = [amount(hours, "hours") for hours in facts.days]
    said = " The line is the same day of the week before." if facts.days_before else ""
    return together(
        element("h2", "Hours by day"),
        drawing.days(facts.days, facts.days_before, texts),
        _note(f"{label('hours_viewed')}.{said}"),
    )


def _movers(facts: Facts) -> Markup:
    if facts.movers is None:
        return Markup()
    rows = [
        (mover.show_name, moved, f"{'+' if moved > 0 else '−'}{amount(abs(moved), 'hours')} h")  # noqa: RUF001 - a minus is meant
        for mover in facts.movers
        for moved in (mover.hours - mover.hours_before,)
    ]
    drawn = drawing.movements(rows) if rows else _note("No show moved.")
    return together(element("h2", "Shows that moved most"), drawn)


def _lists(facts: Facts) -> Markup:
    if facts.lists is None:
        return Markup()
    tables = [
        together(element("h3", _plural(kind)), _list(places))
        for kind, places in facts.lists.items()
    ]
    nothing = () if tables else (_note("No show of a known type was watched."),)
    return together(element("h2", "Top 10 of the week"), *tables, *nothing)


def _list(places: Sequence[Place]) -> Markup:
    rows = [
        (
            "" if place.rank is None else f"{place.rank}",
            _movement(place),
            place.show_name,
            amount(place.views, "views"),
            amount(place.hours, "hours"),
            amount(place.plays, "plays"),
            f"{place.weeks}",
        )
        for place in places
    ]
    header = ("#", "", "Show", "Views", "Hours", "Plays", "Weeks in list")
    table = _table(header, rows, words={1, 2})
    if all(place.rank is not None for place in places):
        return table
    return together(table, _note(NO_PLACE))


def _movement(place: Place) -> Markup:
    if place.rank is None:
        return Markup()
    if place.rank_before is None:
        return element("span", "new" if place.weeks == 1 else "back", class_="up")
    won = place.rank_before - place.rank
    if won == 0:
        return element("span", "=", class_="faint")
    return element(
        "span", f"{'▲' if won > 0 else '▼'} {abs(won)}", class_="up" if won > 0 else "down"
    )


def _curves(facts: Facts) -> Markup:
    if facts.curves is None:
        return Markup()
    if any(curve.is_new for curve in facts.curves):
        title = "How shows new in the week hold their audience"
    else:
        title = "How the biggest shows hold their audience"
    drawn = [_curve(curve) for curve in facts.curves]
    if not drawn:
        return together(
            element("h2", title), _note("No show of the week has enough plays of known runtime.")
        )
    return together(
        element("h2", title),
        element("div", *drawn, class_="pair"),
        _note("Over all plays of the release; above 100% where a part is watched again."),
    )


def _curve(curve: Curve) -> Markup:
    basis = "positions" if curve.basis == "positions" else "watched share of the runtime"
    plays = f"{amount(curve.plays, 'plays')} {'play' if curve.plays == 1 else 'plays'}"
    return element(
        "div",
        element("h3", curve.show_name),
        element(
            "p",
            f"{curve.shares[49]:.0%} at the middle, {curve.shares[-1]:.0%} at the end; "
            f"{plays}, told from {basis}",
            class_="note",
        ),
        drawing.curve(curve.show_name, curve.shares),
    )


def _quality(facts: Facts) -> Markup:
    gap = facts.landed_ever["unaccounted"]
    verdict = (
        element("p", "Every record that was ever read is accounted for.")
        if gap == 0
        else element("p", f"{amount(gap, 'rows')} records are not accounted for.", class_="bad")
    )
    landed = facts.landed["read"] > 0
    counts = [
        (name.capitalize(), *_counts(facts.landed[name], ever, landed=landed))
        for name, ever in facts.landed_ever.items()
    ]
    reasons = [
        (reason.replace("_", " "), *_counts(of_week, ever, landed=landed))
        for reason, of_week, ever in facts.reasons
    ]
    titles = ("Landed in the week", "Ever") if landed else ("Ever",)
    return together(
        element("h2", "Data quality"),
        verdict,
        _table(("Records", *titles), counts, words={0}),
        _note(
            "Read = rejected + landed; landed = valid + quarantined + duplicate + superseded. "
            + ("Weeks of landing are those of UTC." if landed else "Nothing landed in the week.")
        ),
        element("h3", "Set aside, by reason"),
        _table(("Reason", *titles), reasons, words={0})
        if reasons
        else _note("Nothing was set aside."),
        _restated(facts.restated),
    )


def _counts(of_week: int, ever: int, *, landed: bool) -> tuple[str, ...]:
    """Return records of the week, where any landed in it, and of all time."""
    return tuple(amount(count, "rows") for count in ((of_week, ever) if landed else (ever,)))


def _restated(restated: tuple[Restated, ...] | None) -> Markup:
    title = element("h3", "Days of the week that were restated")
    if restated is None:
        return together(title, _note("This release keeps no account of restated days."))
    if not restated:
        return together(title, _note("None: no later release changed a day that was over."))
    rows = [
        (
            day(found.day),
            found.causes,
            " → ".join(amount(hours, "hours") for hours in found.hours),
            " → ".join(amount(plays, "plays") for plays in found.plays),
            f"{found.release_id}",
        )
        for found in restated
    ]
    return together(
        title, _table(("Day", "Causes", "Hours", "Plays", "In release"), rows, words={0, 1})
    )


def _table(titles: Iterable[str], rows: Iterable[tuple[str, ...]], *, words: set[int]) -> Markup:
    """Return a table; columns that are not of words are of numbers, and stand to the right."""

    def line(name: str, cells: Iterable[str]) -> Markup:
        return element(
            "tr",
            *(
                element(name, cell) if place in words else element(name, cell, class_="n")
                for place, cell in enumerate(cells)
            ),
        )

    head = element("thead", line("th", titles))
    return element("table", head, element("tbody", *(line("td", row) for row in rows)))


def _note(text: str) -> Markup:
    return element("p", text, class_="note")


def _plural(content_type: str) -> str:
    return {"film": "Films"}.get(content_type, content_type.capitalize())
