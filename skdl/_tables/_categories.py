"""Categories as the network takes them: indicator columns, or codes."""

from typing import NamedTuple

import numpy as np

RARE = 0  # the code of rare and unseen categories
LEAST = 16  # learned vectors of a column


class Encoding(NamedTuple):
    """How one column of categories is encoded.

    Parameters
    ----------
    column : int
        Its number in the table.
    table : ndarray of shape (n_categories + 2, n_encoded)
        What stands for each category, for missing values, and for unseen categories.
    names : list of str
        Of the encoded columns.
    """

    column: int
    table: np.ndarray
    names: list

    def transform(self, codes):
        """Encode rows.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_features)
            As `TableColumns.transform` returns them.

        Returns
        -------
        ndarray of shape (n_rows, n_encoded)
            Rows of the table.
        """
        return self.table[place_of(codes[:, self.column], len(self.table) - 2)]


def encode_categories(codes, columns, max_one_hot):
    """Decide how each column of categories is encoded.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_features)
        Training rows, as `TableColumns.transform` returns them.
    columns : TableColumns
        What the columns are.
    max_one_hot : int
        Columns in which as many categories occur have indicators, others codes.

    Returns
    -------
    few, many : list of Encoding
        The columns with indicators, and those with codes of learned vectors. Indicators
        are those of the categories that occur. A column of pandas' ``category`` dtype
        has one for each category of the dtype, if there are not more than `max_one_hot`
        (and missing values, if they occur).
    """
    few, many = [], []
    for i in np.flatnonzero(columns.is_categorical).tolist():
        n_categories = len(columns.categories[i])
        place = place_of(codes[:, i], n_categories)
        counts = np.bincount(place, minlength=n_categories + 2)
        name = columns.feature_name(i)
        occurs = counts[:-1] > 0
        if occurs.sum() > max_one_hot:
            many.append(Encoding(i, learned_codes(counts), [name]))
            continue
        shown = occurs
        if columns.declared[i] and n_categories + occurs[-1] <= max_one_hot:
            shown = np.append(np.ones(n_categories, dtype=bool), occurs[-1])
        table, meanings = indicators(occurs, shown)
        names = [columns.category_name(i, meaning) for meaning in meanings]
        few.append(Encoding(i, table, names or [name]))
    return few, many


def place_of(codes, n_categories):
    """Where a code stands in a table of categories.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,)
        As `TableColumns` returns them: NaN where missing, -1 where unseen.
    n_categories : int
        Categories of the column.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        From 0; missing values stand after the categories, unseen ones after these.
    """
    place = np.where(np.isnan(codes), n_categories, codes)
    return np.where(place < 0, n_categories + 1, place).astype(np.intp)


def indicators(occurs, shown):
    """Columns for categories.

    Parameters
    ----------
    occurs : ndarray of bool of shape (n_categories + 1,)
        Whether each category occurs in training, and missing values.
    shown : ndarray of bool of shape (n_categories + 1,)
        Which have a column: those that occur, perhaps more.

    Returns
    -------
    table : ndarray of shape (n_categories + 2, n_columns)
        The encoding of each. Two have one column of -1 and 1, or of zeros unless both
        occur; a single one a column of zeros; more of them a column of 0 and 1 each.
        All that do not occur, and unseen ones, are zeros: nothing is learned for them.
    meanings : list of int
        What each column is 1 for.
    """
    columns = np.flatnonzero(shown)
    if len(columns) <= 2:
        table = np.zeros((len(occurs) + 1, 1))
        if occurs.sum() == 2:
            table[columns, 0] = -1.0, 1.0
        return table, columns[-1:].tolist()
    table = np.zeros((len(occurs) + 1, len(columns)))
    table[columns, np.arange(len(columns))] = occurs[columns]
    return table, columns.tolist()


def learned_codes(counts):
    """Codes for categories that get a learned vector each.

    Parameters
    ----------
    counts : ndarray of int of shape (n_categories + 2,)
        Rows of each category, of missing and of unseen ones.

    Returns
    -------
    ndarray of shape (n_categories + 2, 1)
        The code of each: from 1 for those that occur at least twice, which missing
        values may do too, and 0 for all others.
    """
    table = np.full((len(counts), 1), float(RARE))
    frequent = np.flatnonzero(counts[:-1] >= 2)
    table[frequent, 0] = np.arange(1, len(frequent) + 1)
    return table


def rounded_up(n_codes):
    """How many vectors to learn, so that some codes more or less change nothing.

    Parameters
    ----------
    n_codes : int
        How many are needed.

    Returns
    -------
    int
        A power of two, or one and a half times that; at least 16.

    Examples
    --------
    >>> [rounded_up(n) for n in (1, 17, 24, 25, 100)]
    [16, 24, 24, 32, 128]
    """
    power = 1 << (n_codes - 1).bit_length()  # at least n_codes
    smaller = 3 * power // 4
    return max(LEAST, smaller if n_codes <= smaller else power)
