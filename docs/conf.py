"""How the documentation is built: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

import streamward

sys.path.insert(0, str(Path(__file__).parent / "ext"))

project = "streamward"
author = "the streamward authors"
copyright = author
release = version = streamward.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "signatures",  # docs/ext/signatures.py
    "tables",  # docs/ext/tables.py
    "measured",  # docs/ext/measured.py
    "measured_cache",  # docs/ext/measured_cache.py
    "measured_dialects",  # docs/ext/measured_dialects.py
    "deployed",  # docs/ext/deployed.py
]

# `reference/sizes.md` is no page of its own: `reference/libraries.md` includes it.
exclude_patterns = ["_build", "reference/sizes.md"]

html_theme = "furo"
html_title = f"streamward {release}"
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 72

# Attributes as a list: as directives they would stand twice, since autodoc finds them too.
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_numpy_docstring = False
