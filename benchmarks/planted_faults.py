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
        yield Path(folder)


def plant(fault, package):
    """Write a fault into the package's files."""
    for file, old, new in fault.places:
        path = package / file
        text = path.read_text() if path.exists() else ""
        if text.count(old) == 1:
            path.write_text(text.replace(old, new))
            return
    raise ValueError(f"{fault.places} are not there, or several times")


def run_tests(tree, *arguments):
    """Run pytest in a tree; names of what failed, and seconds."""
    variables = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(tree)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    began = time.perf_counter()
    finished = subprocess.run(
        [*command, "--tb=no", *arguments],
        cwd=tree,
        env=variables,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    if finished.returncode not in (0, 1):
        raise RuntimeError(finished.stdout[-2000:] + finished.stderr[-2000:])
    return FAILED.findall(finished.stdout), seconds


def by_likely_tests(tree, name):
    """Plant one fault, and run its tests until one fails."""
    fault = FAULTS[name]
    with copy_of(tree, fault) as copy:
        failed, seconds = run_tests(copy, "-x", *fault.tests.split())
    return {"found_by": failed[0] if failed else None, "seconds": round(seconds)}


def by_the_whole_suite(tree, names):
    """Plant several faults, run all, and say which fault each failing test finds."""
    with copy_of(tree, *(FAULTS[name] for name in names)) as copy:
        failed, seconds = run_tests(copy, "-n", "2", "--dist", "loadfile")
    print(f"the whole suite: {len(failed)} failed, {seconds:.0f} s", file=sys.stderr)
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
    lines = ["| fault | file |" + " found by |" * len(results)]
    lines.append("|---|---|" + "---|" * len(results))
    for name, fault in FAULTS.items():
        tests = [result.get(name, {}).get("found_by") or "-" for result in results]
        told = "".join(f" {test.replace('|', ' ')} |" for test in tests)
        lines.append(f"| {name} | {fault.places[-1][0]} |{told}")
    counts = [sum(bool(r["found_by"]) for r in result.values()) for result in results]
    return "\n".join([*lines, "", f"found: {', '.join(map(str, counts))}"])


def main():
    """Plant the faults, or compare two results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", nargs="+", choices=FAULTS, default=[*FAULTS])
    parser.add_argument("--tree", type=Path, default=ROOT, help="the project")
    parser.add_argument(
        "--likely-only", action="store_true", help="not the whole suite"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="FILE")
    options = parser.parse_args()
    if options.compare:
        print(table(*(json.loads(path.read_text()) for path in options.compare)))
        return
    results = {}
    for name in options.names:
        results[name] = by_likely_tests(options.tree, name)
        print(name, results[name], file=sys.stderr)
    missed = [name for name, result in results.items() if not result["found_by"]]
    if missed and not options.likely_only:
        results |= by_the_whole_suite(options.tree, missed)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    print(table(results))


if __name__ == "__main__":
    main()
