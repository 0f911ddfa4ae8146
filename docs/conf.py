"""How Sphinx builds these pages."""

import re

from skdl import __version__

project = "skdl"
author = "the skdl developers"
copyright = author
version = release = __version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"skdl {version}"

myst_heading_anchors = 3  # [text](page.md#heading) works

autodoc_member_order = "groupwise"
numpydoc_show_class_members = False  # autodoc lists them already


def drop_references_to_other_manuals(app, what, name, obj, options, lines):
    """Keep only the words of references that scikit-learn's own pages resolve."""
    role = re.compile(r":(?:ref|term):`([^`<]+?)\s*(?:<[^`]+>)?`")
    lines[:] = [role.sub(r"\1", line) for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", drop_references_to_other_manuals)
