"""Where boosted trees overtake networks for tables: thresholds on single columns.

Tables are made on the spot. Ten normal columns decide over a target through ten terms
of equal weight. Some are smooth: each of them rises along a direction of its own, to
which all columns contribute. The others are steps: each of them jumps where one column
passes a threshold. From line to line there are more steps and fewer directions. Numbers
have noise of a tenth of their variance; classes are drawn with the odds that the same
terms give. All estimators are as they come. Every line is a mean over several tables,
each with 1000 rows to learn from and 5000 to be judged by. It shows the score of both,
by how much the networks do better, with the standard error of that mean, and the score
of the mean of both answers. Takes about a minute.
"""

from time import perf_counter

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import log_loss, r2_score

from skdl import TabularClassifier, TabularRegressor

N_TERMS, N_COLUMNS = 10, 10
N_TABLES, N_TRAIN, N_TEST = 5, 1000, 5000


def term(X, is_step, rng):
    """One term of the target, a step or a smooth curve, with a deviation of 1."""
    threshold = rng.uniform(-1, 1)
    if is_step:
        values = np.where(X[:, rng.integers(X.shape[1])] > threshold, 1.0, -1.0)
    else:
        direction = rng.normal(size=X.shape[1])
        direction /= np.linalg.norm(direction)
        values = np.tanh(2 * (X @ direction - threshold))
    return rng.choice([-1, 1]) * (values - values.mean()) / values.std()


def table(n_steps, seed):
    """Rows, numbers and classes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_TRAIN + N_TEST, N_COLUMNS))
    terms = [term(X, i < n_steps, rng) for i in range(N_TERMS)]
    signal = sum(terms) / np.std(sum(terms))
    noise = rng.normal(size=len(X)) / 3  # a tenth of the variance of the sum
    odds = np.exp(4 * signal)
    return X, signal + noise, rng.uniform(size=len(X)) < odds / (1 + odds)


def scores(n_steps, seed):
    """R² and log loss on the test rows: of networks, of boosting, of their mean."""
    X, numbers, classes = table(n_steps, seed)
    train, test = slice(N_TRAIN), slice(N_TRAIN, None)
    answers = [
        regressor(random_state=seed).fit(X[train], numbers[train]).predict(X[test])
        for regressor in (TabularRegressor, HistGradientBoostingRegressor)
    ]
    answers.append(np.mean(answers, axis=0))
    r2 = [r2_score(numbers[test], predicted) for predicted in answers]
    answers = [
        classifier(random_state=seed)
        .fit(X[train], classes[train])
        .predict_proba(X[test])
        for classifier in (TabularClassifier, HistGradientBoostingClassifier)
    ]
    answers.append(np.mean(answers, axis=0))
    return r2, [log_loss(classes[test], probabilities) for probabilities in answers]


def show(name, sign, of_lines):
    """Print the table of one score; more is better if `sign` is 1, less if it is -1."""
    print(f"\n{name}")
    print("steps  directions   networks  boosting    networks by      mean of both")
    for n_steps, of_tables in of_lines.items():
        networks, boosting, both = np.transpose(of_tables)
        gain = sign * (networks - boosting)
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        print(
            f"{n_steps:>5}  {N_TERMS - n_steps:>10}   {networks.mean():>8.3f}"
            f"  {boosting.mean():>8.3f}    {gain.mean():>+.3f} ± {error:.3f}"
            f"  {both.mean():>12.3f}"
        )


def main():
    """Fit, score, and print the tables."""
    start = perf_counter()
    results = {
        n_steps: [scores(n_steps, seed) for seed in range(N_TABLES)]
        for n_steps in range(0, N_TERMS + 1, 2)
    }
    show("R²", 1, {k: [r2 for r2, _ in of] for k, of in results.items()})
    show("log loss", -1, {k: [loss for _, loss in of] for k, of in results.items()})
    print(f"{perf_counter() - start:.0f} seconds")


if __name__ == "__main__":
    main()
