"""How sharp the tests are: forty small faults, and which of them the suite finds.

``python -m benchmarks.planted_faults --json FILE`` plants each fault in a copy of the
project and runs the tests that probably find it. Those not found are then planted
together, and the whole default suite is run once. With ``--compare FILE FILE`` the
results of two states of the suite stand side by side.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from benchmarks._faults import FAULTS
from benchmarks._processes import ROOT

FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+::.+?|\S+)(?: - .*)?$", re.MULTILINE)


@contextmanager
def copy_of(tree, *faults):
    """Copy what git knows of a project, with faults in it.

    Parameters
    ----------
    tree : Path
        The project.
    *faults : Fault
        To be planted.

    Yields
    ------
    Path
        The copy, which is removed at the end.

    Raises
    ------
    ValueError
        If a text that a fault replaces is not there once.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=tree,
        capture_output=True,
        check=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (tree / name).exists():
                target = Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(tree / name, target)
        for fault in faults:
            plant(fault, Path(folder, "skdl"))
        check_import(Path(folder))
        yield Path(folder)


def plant(fault, package):
    """Write a fault into the package's files."""
    for file, old, new in fault.places:
        path = package / file
        text = path.read_text() if path.exists() else ""
        if text.count(old) == 1:
            path.write_text(text.replace(old, new))
            return
    name = next(name for name, other in FAULTS.items() if other is fault)
    raise ValueError(f"{name!r}: {fault.places} are not there, or several times")


def environment_of(tree):
    """Variables with which Python and its children import a tree's packages."""
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(tree)}


def check_import(tree):
    """Refuse a copy whose skdl is not what Python imports.

    Parameters
    ----------
    tree : Path
        The copy.

    Raises
    ------
    RuntimeError
        If an installed skdl comes first.
    """
    code = "import importlib.util as u; print(u.find_spec('skdl').origin)"
    with tempfile.TemporaryDirectory() as elsewhere:
        found = subprocess.run(
            [sys.executable, "-c", code],
            cwd=elsewhere,
            env=environment_of(tree),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    if not Path(found).resolve().is_relative_to(tree.resolve()):
        raise RuntimeError(f"{found} is imported, which is not in {tree}")


def check_tests(tree, names):
    """Refuse tests that are not there; an error that names the faults.

    Parameters
    ----------
    tree : Path
        The project.
    names : list of str
        Of faults.

    Raises
    ------
    ValueError
        If a file or folder of tests does not exist.
    """
    missing = [
        f"{name!r}: {test}"
        for name in names
        for test in FAULTS[name].tests.split()
        if not (tree / test).exists()
    ]
    if missing:
        raise ValueError("These tests do not exist: " + ", ".join(missing))


def run_tests(tree, *arguments):
    """Run pytest in a tree; names of what failed, and seconds."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    began = time.perf_counter()
    finished = subprocess.run(
        [*command, "--tb=no", *arguments],
        cwd=tree,
        env=environment_of(tree),
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    failed = FAILED.findall(finished.stdout)
    # 2: a module of tests could not be imported, which finds a fault too
    if finished.returncode not in ((0, 1, 2) if failed else (0,)):
        raise RuntimeError(finished.stdout[-2000:] + finished.stderr[-2000:])
    return failed, seconds


def by_likely_tests(tree, name):
    """Plant one fault, and run its tests until one fails that passes without it."""
    fault = FAULTS[name]
    total, false = 0, []
    while True:
        skipped = [f"--deselect={test}" for test in false]
        with copy_of(tree, fault) as copy:
            failed, seconds = run_tests(copy, "-x", *skipped, *fault.tests.split())
        total += seconds
        if not failed or not fails_anyway(tree, failed[0]):
            break
        print(f"{name}: {failed[0]} fails without the fault too", file=sys.stderr)
        false.append(failed[0])
    result = {"found_by": failed[0] if failed else None, "seconds": round(total)}
    return result | ({"false_alarms": false} if false else {})


def fails_anyway(tree, test):
    """Whether a test fails where no fault is planted."""
    with copy_of(tree) as copy:
        return bool(run_tests(copy, test)[0])


def first_of_each_file(tests, n=3):
    """At most `n` tests of each file."""
    files = {}
    for test in tests:
        files.setdefault(test.split("::")[0], []).append(test)
    return [test for of_file in files.values() for test in of_file[:n]]


def by_the_whole_suite(tree, names):
    """Plant several faults, run all, and say which fault each failing test finds."""
    with copy_of(tree, *(FAULTS[name] for name in names)) as copy:
        failed, seconds = run_tests(copy, "-n", "2", "--dist", "loadfile")
    print(f"the whole suite: {len(failed)} failed, {seconds:.0f} s", file=sys.stderr)
    failed = first_of_each_file(failed)
    with copy_of(tree) as copy:  # without faults they pass
        false = set(run_tests(copy, *failed)[0]) if failed else set()
    found = {}
    for name in names:
        suspects = [test for test in failed if test not in false]
        if not suspects:
            break
        with copy_of(tree, FAULTS[name]) as copy:
            own, _ = run_tests(copy, *suspects)
        if own:
            found[name] = {"found_by": own[0], "seconds": round(seconds)}
    return found


def table(*results):
    """Markdown: faults and the tests that found them."""
    lines = ["| fault | kind | file |" + " found | by |" * len(results)]
    lines.append("|---|---|---|" + "---|---|" * len(results))
    for name, fault in FAULTS.items():
        told = "".join(told_of(result.get(name)) for result in results)
        lines.append(f"| {name} | {fault.kind} | {fault.places[-1][0]} |{told}")
    counts = [sum(bool(r["found_by"]) for r in result.values()) for result in results]
    return "\n".join([*lines, "", f"found: {', '.join(map(str, counts))}"])


def told_of(result):
    """Two cells: whether a fault was found, and by which test."""
    if result is None:  # not among the names
        return " | |"
    test = result["found_by"]
    return f" yes | {test.replace('|', ' ')} |" if test else " no | - |"


def write(file, results):
    """Write results as JSON, if there is a file."""
    if file:
        file.write_text(json.dumps(results, indent=1))


def main():
    """Plant the faults, or compare two results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", nargs="+", choices=FAULTS, default=[*FAULTS])
    parser.add_argument("--list", action="store_true", help="only name the faults")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the project")
    parser.add_argument(
        "--targeted-only",
        "--likely-only",
        action="store_true",
        help="not the whole suite",
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="FILE")
    options = parser.parse_args()
    if options.list:
        print(*(f"{name}: {fault.kind}" for name, fault in FAULTS.items()), sep="\n")
        return
    if options.compare:
        print(table(*(json.loads(path.read_text()) for path in options.compare)))
        return
    check_tests(options.tree, options.names)
    results = {}
    for name in options.names:
        results[name] = by_likely_tests(options.tree, name)
        print(name, results[name], file=sys.stderr)
        write(options.json, results)  # what is known if the next one is stopped
    missed = [name for name, result in results.items() if not result["found_by"]]
    if missed and not options.targeted_only:
        results |= by_the_whole_suite(options.tree, missed)
    write(options.json, results)
    print(table(results))


if __name__ == "__main__":
    main()
