"""Standings as text: table by table, and all of them together."""

from benchmarks._contenders import CONTENDERS
from benchmarks._scores import LOG_LOSS, R2
from benchmarks._text import aligned

BASE, RIVAL = "mlp", "boosting"  # whose seconds, whose log loss is the measure


def number(value, digits=3, unit=""):
    """Write a figure, or a dash for NaN."""
    return "-" if value != value else f"{value:.{digits}f}{unit}"


def report(standings, task, metrics, sizes):
    """Write everything about one task.

    Parameters
    ----------
    standings : Standings
    task : {"classification", "regression"}
    metrics : iterable of Metric
    sizes : dict of str to str
        Table -> rows x columns.

    Returns
    -------
    str
    """
    titles = {name: CONTENDERS[name].title(task) for name in standings.contenders}
    tables = {metric.title: standings.scores(metric) for metric in metrics}
    tables["seconds of a fit"] = standings.seconds()
    parts = [f"{task}: {what}\n\n{details(t, sizes)}" for what, t in tables.items()]
    parts.append(
        f"{task}: mean scores and ranks of all {len(standings.tables)} tables, median "
        f"seconds\n\n{summary(standings, metrics, titles)}"
    )
    if RIVAL in titles and len(titles) > 1:
        parts.append(duels(standings, metrics, titles))
    return "\n\n".join(parts)


def details(figures, sizes):
    """Lay out a figure of each contender (column) on each table (row)."""
    rows = [
        (name, sizes[name], *(number(figure, 4) for figure in row))
        for name, row in zip(figures.index, figures.to_numpy(), strict=True)
    ]
    return aligned([("table", "size", *figures.columns), *rows], left=2)


def summary(standings, metrics, titles):
    """Lay out how contenders stand over all tables of a task."""
    columns = columns_of(standings, metrics)
    rows = [
        (title, *(number(c[name], digits, unit) for _, c, digits, unit in columns))
        for name, title in titles.items()
    ]
    return aligned([("", *(head for head, *_ in columns)), *rows])


def columns_of(standings, metrics):
    """Compute the columns of a summary.

    Parameters
    ----------
    standings : Standings
    metrics : iterable of Metric

    Returns
    -------
    list of tuple
        Head, figures of the contenders (Series), digits, unit.
    """
    columns = []
    for metric in metrics:
        columns.append((metric.title, standings.means(metric), 3, ""))
        if metric is R2:
            columns.append(("median", standings.scores(metric).median(), 3, ""))
        if metric is LOG_LOSS and RIVAL in standings.contenders:
            columns.append(("x boosting", standings.ratios(metric, RIVAL), 2, "x"))
        columns.append(("rank", standings.mean_ranks(metric), 2, ""))
    columns.append(("fit, s", standings.seconds().median(), 3, ""))
    if BASE in standings.contenders:
        columns.append(("x MLP", standings.time_ratios(BASE), 2, "x"))
        columns.append(("first", standings.time_ratios(BASE, first=True), 2, "x"))
    return columns


def duels(standings, metrics, titles):
    """Lay out wins and losses against boosting."""
    head = [f"wins-losses-ties against {titles[RIVAL]}"]
    for metric in metrics:
        head += [metric.title, "p"]
    rows = []
    for name, title in titles.items():
        if name != RIVAL:
            fought = [standings.duel(metric, name, RIVAL) for metric in metrics]
            cells = [(f"{d.wins}-{d.losses}-{d.ties}", number(d.p, 4)) for d in fought]
            rows.append([title, *(cell for pair in cells for cell in pair)])
    return aligned([head, *rows])
