"""Fresh processes, so that libraries do not disturb one another."""

import json
import os
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}

IMPORT_SCRIPT = """
import sys, time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start, int("tensorflow" in sys.modules))
"""


class MeasurementError(Exception):
    """A library could not be measured; the message is its reason."""


def start_python(*arguments, environment=(), **options):
    """Start a quiet Python in the repository's root.

    Parameters
    ----------
    *arguments : str
        On its command line.
    environment : dict
        Variables beside those of this process; None takes one away.
    **options
        Of `subprocess.Popen`.

    Returns
    -------
    subprocess.Popen
    """
    variables = os.environ | QUIET | dict(environment)
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in variables.items() if value is not None},
        **options,
    )


def measured(module, *arguments, environment=()):
    """Have a module measure something in a fresh process.

    Parameters
    ----------
    module : str
        It is run as a program, and prints figures as JSON on its last line.
    *arguments : object
        On its command line.
    environment : dict
        As for `start_python`.

    Returns
    -------
    dict

    Raises
    ------
    MeasurementError
        If the process failed.
    """
    process = start_python(
        "-m",
        module,
        *map(str, arguments),
        environment=environment,
        stderr=subprocess.PIPE,
    )
    output, errors = process.communicate()
    if process.returncode:
        raise MeasurementError((errors.strip().splitlines() or ["no message"])[-1])
    return json.loads(output.splitlines()[-1])


def print_figures(tasks):
    """Do the task which the command line names; the other side of `measured`.

    Parameters
    ----------
    tasks : dict of callable
        By name. Each is called with the arguments after its name, as text, and returns
        a dict of figures.
    """
    warnings.simplefilter("ignore")
    task, *arguments = sys.argv[1:]
    print(json.dumps(tasks[task](*arguments)))


class Worker:
    """A process which does tasks; see `benchmarks._worker`.

    Parameters
    ----------
    process : subprocess.Popen
    errors : file
        Where its standard error goes.
    """

    def __init__(self, process, errors):
        self.process = process
        self.errors = errors

    def ask(self, task, **options):
        """Have a task done.

        Parameters
        ----------
        task : str
            Name of a task of the worker.
        **options
            The task's options.

        Returns
        -------
        dict
            The measured figures, in seconds and bytes.

        Raises
        ------
        MeasurementError
            If the task failed or the process died.
        """
        try:
            print(json.dumps([task, options]), file=self.process.stdin, flush=True)
            reply = self.process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        figures = json.loads(reply) if reply else {"error": self._last_words()}
        if "error" in figures:
            raise MeasurementError(f"{task}: {figures['error']}")
        return figures

    def _last_words(self):
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines() or ["no message"]
        return f"the process ended: {lines[-1]}"


@contextmanager
def fresh_worker(library):
    """Start a process to measure one library in, which ends with the context.

    Parameters
    ----------
    library : str
        A key of ``LIBRARIES``.

    Yields
    ------
    Worker
    """
    command = "-m", "benchmarks._worker", library
    with (
        tempfile.TemporaryFile(mode="w+") as errors,
        start_python(*command, stdin=subprocess.PIPE, stderr=errors) as process,
    ):
        yield Worker(process, errors)


def import_figures(statement):
    """Run an import statement in a fresh process.

    Parameters
    ----------
    statement : str
        Python source of one line.

    Returns
    -------
    dict
        ``import`` (seconds) and ``imports_tensorflow`` (0 or 1).

    Raises
    ------
    MeasurementError
        If the statement failed.
    """
    script = IMPORT_SCRIPT.format(statement=statement)
    process = start_python("-c", script, stderr=subprocess.PIPE)
    output, errors = process.communicate()
    if process.returncode:
        raise MeasurementError(f"import: {errors.strip().splitlines()[-1]}")
    seconds, tensorflow = output.splitlines()[-1].split()
    return {"import": float(seconds), "imports_tensorflow": int(tensorflow)}
