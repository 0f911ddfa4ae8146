"""The project keeps its own rules: layers, docstrings, lazy imports, links, version."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from numpydoc.validate import validate

import skdl

ROOT = Path(__file__).parents[1]
PUBLIC_MODULES = [
    "skdl",
    "skdl.display",
    "skdl.ensemble",
    "skdl.exceptions",
    "skdl.losses",
    "skdl.model_selection",
    "skdl.preprocessing",
]

# numpydoc's checks that we do not follow, with the reason.
NOT_REQUIRED = {
    "ES01",  # an extended summary: one good sentence is often enough
    "SA01",  # a See Also section: only where there is something to see
    "RT02",  # an unnamed single return value: scikit-learn writes `self : object`
}
# An example stands with the class; its methods, and exceptions, need none of their own.
NO_EXAMPLE_NEEDED = NOT_REQUIRED | {"EX01"}


def run_python(code):
    """Run `code` in a fresh interpreter at the root of the project."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )


def public_names(module):
    """``__all__`` of a module, or else the public names that it defines itself."""
    own = [
        name
        for name, member in vars(module).items()
        if not name.startswith("_")
        and getattr(member, "__module__", None) == module.__name__
    ]
    return getattr(module, "__all__", own)


def public_classes_and_functions():
    """(dotted name, object) of every public class and function."""
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        for name in public_names(module):
            member = getattr(module, name)
            if inspect.isclass(member) or inspect.isfunction(member):
                yield f"{module_name}.{name}", member


def public_methods(cls):
    """Names of the public methods and properties of `cls` that skdl itself defines."""
    for name, member in inspect.getmembers_static(cls):
        function = getattr(member, "fget", None) or inspect.unwrap(
            getattr(cls, name, member)
        )
        ours = getattr(function, "__module__", None) or ""
        if not name.startswith("_") and callable(function) and ours.startswith("skdl"):
            yield name


def documented_names():
    """(dotted name, codes that need not hold) of every public docstring."""
    for dotted, member in public_classes_and_functions():
        if not inspect.isclass(member):
            yield dotted, NOT_REQUIRED
        elif issubclass(member, Exception):
            yield dotted, NO_EXAMPLE_NEEDED
        else:
            yield dotted, NOT_REQUIRED
            for method in public_methods(member):
                yield f"{dotted}.{method}", NO_EXAMPLE_NEEDED


@pytest.mark.parametrize(
    ("name", "not_required"),
    [pytest.param(*case, id=case[0]) for case in documented_names()],
)
def test_public_docstrings_are_numpydoc(name, not_required):
    errors = [f"{c}: {m}" for c, m in validate(name)["errors"] if c not in not_required]
    assert not errors, "\n".join(errors)


def test_every_public_name_exists_and_is_listed():
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        names = public_names(module)
        assert len(names) == len(set(names)) > 0
        assert set(names) <= set(dir(module))
        assert all(hasattr(module, name) for name in names)


def test_imports_run_downwards():
    run = run_python(
        "from importlinter.cli import lint_imports;"
        "raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_private_sklearn_is_imported_in_validation_only():
    offenders = []
    for path in sorted((ROOT / "skdl").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            offenders += [
                f"{path.relative_to(ROOT)}:{node.lineno} imports {name}"
                for name in names
                if re.match(r"sklearn\b.*\._(?!_)", name)
                and path.name != "_validation.py"
            ]
    assert offenders == []


def test_import_and_construction_load_no_backend():
    run = run_python(
        "import sys, skdl;"
        "skdl.DenseClassifier(); skdl.DenseRegressor();"
        "heavy = {'tensorflow', 'keras', 'jax', 'torch', 'matplotlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_version_is_the_one_in_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert skdl.__version__ == project["project"]["version"]


PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def prose(path):
    """The text of a Markdown page without its fenced code."""
    return re.sub(r"(?ms)^```.*?^```\s*$", "", path.read_text(encoding="utf-8"))


def anchors(path):
    """Anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"(?m)^#+\s+(.*?)\s*$", prose(path))
    return {re.sub(r"[^\w\- ]", "", h).lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_pages_resolve(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):  # https:, mailto:
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert broken == []
