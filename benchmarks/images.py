"""Networks for images beside Model.fit and PyTorch, and folders of files.

Run ``python -m benchmarks.images --help``; README.md beside this file says what is
measured.
"""

import argparse
import json
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks._image_files import SIZE, make_folder
from benchmarks._machine import machine, one_line, tell
from benchmarks._options import add_parts
from benchmarks._processes import measured
from benchmarks._session import Session
from benchmarks._targets import Target, target_dicts, target_table
from benchmarks._text import aligned

PACKAGES = ("scikit-learn", "tensorflow", "keras", "torch", "pillow")
PARTS = ("epochs", "folder", "digits")
ORDERS = ("in the file's order", "shuffled")  # of digits
BASE = "skdl"
TITLES = {
    "skdl": "skdl",
    "keras": "Model.fit",
    "torch": "PyTorch",
    "torch_channels_last": "PyTorch, channels last",
}
WAYS = {"cnn": tuple(TITLES), "resnet": ("skdl", "keras")}  # of each network
MODULES = {"torch": "torch", "torch_channels_last": "torch"}  # which may be missing


class Effort(NamedTuple):
    """How much is measured, and how often."""

    rounds: dict  # of each part: fresh processes for each figure, taking turns
    epochs: int  # in each, in the first part
    images: dict  # of each network
    files: tuple  # in the large folder and in the small one


FULL = Effort(
    rounds={"epochs": 7, "folder": 3, "digits": 3},
    epochs=6,
    images={"cnn": 6000, "resnet": 1000},
    files=(20_000, 1000),
)
QUICK = Effort(
    rounds=dict.fromkeys(PARTS, 1),
    epochs=3,
    images={"cnn": 1000, "resnet": 200},
    files=(2000, 500),
)


class Case(NamedTuple):
    """What one process measures: a task of `benchmarks._images_worker`."""

    task: str
    what: str  # the network, or where images come from
    how: str = ""  # the network is trained
    images: int = 0

    @property
    def title(self):
        """What a row calls it."""
        return TITLES.get(self.how, self.task)

    def missing(self):
        """Name the module which is not installed, if any."""
        module = "PIL" if self.task == "folder" else MODULES.get(self.how)
        return [] if module is None or find_spec(module) else [module]


def cases_of(part, effort):
    """List what is measured in a part.

    Parameters
    ----------
    part : {"epochs", "folder", "digits"}
    effort : Effort

    Returns
    -------
    list of Case
    """
    if part == "epochs":
        return [
            Case(part, network, way, effort.images[network])
            for network, ways in WAYS.items()
            for way in ways
        ]
    if part == "digits":
        return [Case(part, order) for order in ORDERS]
    many, few = effort.files
    return [
        Case(part, source, images=images)
        for source, images in (("files", many), ("arrays", many), ("files", few))
    ]


class Measurement:
    """Measures cases, in folders of images which are made when they are needed.

    Parameters
    ----------
    effort : Effort
    stack : contextlib.ExitStack
        At its end the folders are removed.
    """

    def __init__(self, effort, stack):
        self.effort = effort
        self.file_bytes = {}
        self._stack = stack
        self._folders = {}

    def __call__(self, case, index):
        """Measure a case in a fresh process."""
        worker = "benchmarks._images_worker"
        if case.task == "folder":
            return measured(worker, case.task, case.what, self._folder(case.images))
        if case.task == "digits":
            return measured(worker, case.task, case.what)
        epochs = self.effort.epochs
        return measured(worker, case.task, case.what, case.how, case.images, epochs)

    def _folder(self, images):
        if images not in self._folders:
            tell(f"  {images} files")
            folder = Path(self._stack.enter_context(TemporaryDirectory()))
            self.file_bytes[images] = make_folder(folder, images)
            self._folders[images] = folder
        return self._folders[images]


def epoch_ratio(figures, network, way, key="later"):
    """Seconds of an epoch of skdl over those of another way."""
    by_way = {case.how: f for case, f in figures.items() if case.what == network}
    return by_way[BASE][key] / by_way[way][key]


def epoch_table(figures):
    """Lay out the seconds of an epoch."""
    head = ("network", "trained by", "images", "first, s", "later, s", "skdl, times it")
    rows = [(*head, "last loss")]
    for case, measures in figures.items():
        if case.task != "epochs":
            continue
        try:
            ratio = f"{epoch_ratio(figures, case.what, case.how):.2f}x"
        except KeyError:  # skdl failed
            ratio = "-"
        seconds = (f"{measures[key]:.3f}" for key in ("first", "later"))
        names = case.what, case.title, str(case.images)
        rows.append((*names, *seconds, ratio, f"{measures['loss']:.3f}"))
    return aligned(rows, left=2)


def folder_table(figures):
    """Lay out the time of an image and the memory of a process."""
    head = ("from", "images", "first epoch, ms/image", "second epoch, ms/image")
    rows = [(*head, "peak memory, MB", "before, MB")]
    for case, measures in figures.items():
        if case.task == "folder":
            times = (f"{1e3 * measures[key]:.3f}" for key in ("first", "later"))
            memory = (f"{1e-6 * measures[key]:.0f}" for key in ("peak", "peak_before"))
            rows.append((case.what, str(case.images), *times, *memory))
    return aligned(rows)


def digits_table(figures):
    """Lay out accuracy and time of five folds."""
    rows = [("folds", "mean accuracy", "lowest", "seconds, with tracing")]
    for case, measures in figures.items():
        if case.task == "digits":
            scores = (f"{measures[key]:.4f}" for key in ("accuracy", "lowest"))
            rows.append((case.what, *scores, f"{measures['seconds']:.1f}"))
    return aligned(rows)


def of_digits(figures, key):
    """A figure of digits in the file's order, which is the harder one."""
    return figures[Case("digits", ORDERS[0])][key]


TABLES = {"epochs": epoch_table, "folder": folder_table, "digits": digits_table}


def titles_of(effort, file_bytes):
    """Say what each table shows."""
    sizes = "".join(f", {n} of {1e-3 * k:.1f} KB" for n, k in file_bytes.items())
    return {
        "epochs": "1. Seconds of an epoch, batch size 64; cnn: two convolutions and a "
        "hidden layer,\n   28 x 28; resnet: 20 layers, 32 x 32 x 3",
        "folder": f"2. CNNClassifier on JPEGs of {SIZE} x {SIZE}{sizes}",
        "digits": "3. CNNClassifier on digits, 8 x 8, five stratified folds",
    }


def memory_growth(figures, effort):
    """Megabytes by which more files raise the peak."""
    many, few = (figures[Case("folder", "files", images=n)] for n in effort.files)
    return 1e-6 * (many["peak"] - few["peak"])


def file_ratio(figures, effort):
    """Time of an image from a file over that of one in memory."""
    images = effort.files[0]
    files, arrays = (
        figures[Case("folder", source, images=images)] for source in ("files", "arrays")
    )
    return files["later"] / arrays["later"]


def targets_of(parts, effort):
    """List what skdl promises about some of the parts.

    Parameters
    ----------
    parts : list of str
    effort : Effort

    Returns
    -------
    list of Target
    """
    many, few = effort.files
    targets = [
        *(
            Target(
                1,
                f"cnn, later epochs: skdl, times {TITLES[way]}",
                "<=",
                limit,
                partial(epoch_ratio, network="cnn", way=way),
            )
            for way, limit in (("keras", 0.7), ("torch", 0.8))
        ),
        Target(
            2,
            f"peak memory with {many} files minus that with {few}, MB",
            "<=",
            300,
            partial(memory_growth, effort=effort),
        ),
        Target(
            2,
            "second epoch from files, times that from arrays",
            "<=",
            1.3,
            partial(file_ratio, effort=effort),
        ),
        Target(
            3,
            f"mean accuracy, folds {ORDERS[0]}",
            ">=",
            0.988,
            partial(of_digits, key="accuracy"),
        ),
        Target(3, "seconds of five folds", "<", 60, partial(of_digits, key="seconds")),
    ]
    numbers = {PARTS.index(part) + 1 for part in parts}
    return [target for target in targets if target.item in numbers]


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.images", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--quick", action="store_true", help="few images, one process for each figure"
    )
    add_parts(parser, PARTS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Measure, print the tables, write the figures."""
    options = parse(arguments)
    effort = QUICK if options.quick else FULL
    missing = {}
    with ExitStack() as stack:
        measure = Measurement(effort, stack)
        session = Session(measure)
        for part in options.parts:
            cases = cases_of(part, effort)
            missing |= {case.title: case.missing() for case in cases if case.missing()}
            present = [case for case in cases if not case.missing()]
            session.measure(present, effort.rounds[part], part)
    figures = session.figures()
    targets = targets_of(options.parts, effort)
    titles = titles_of(effort, measure.file_bytes)

    print(one_line(machine(PACKAGES)))
    print(session.load_line())
    for part in options.parts:
        print(f"\n{titles[part]}\n\n{TABLES[part](figures)}")
    print(f"\n{target_table(targets, figures, first='part')}")
    for title, modules in missing.items():
        print(f"\n{title}: not installed ({', '.join(modules)})")
    for case, reason in session.failures.items():
        print(f"\n{' '.join(map(str, case))} failed: {reason}")
    if options.json:
        answer = {
            "machine": machine(PACKAGES),
            "effort": effort._asdict(),
            "file_bytes": measure.file_bytes,
            **session.as_dict(),
            "targets": target_dicts(targets, figures, first="part"),
        }
        options.json.write_text(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
