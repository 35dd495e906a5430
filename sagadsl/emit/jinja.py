"""The only module that knows Jinja: finished words in, text out."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sagadsl import cache as user_cache
from sagadsl import resources

if TYPE_CHECKING:
    from jinja2 import Environment, FileSystemBytecodeCache


def render(template: str, **values: object) -> str:
    """A template of the folder `templates` with its values.

    A template is never made from what a user wrote, and a value that is missing is an
    error. In `.html` and `.svg` templates values are escaped.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    from jinja2 import (  # noqa: PLC0415  imported late: it takes 45 ms
        Environment,
        FileSystemLoader,
        StrictUndefined,
        select_autoescape,
    )

    return Environment(
        loader=FileSystemLoader(resources.folder("templates")),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html.jinja", "svg.jinja")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_compiled(),
    )


def _compiled() -> FileSystemBytecodeCache | None:
    """Compiled templates in the user's cache, if nobody else can write there."""
    from jinja2 import FileSystemBytecodeCache  # noqa: PLC0415  as above

    ours = user_cache.folder()
    if ours is None:
        return None
    folder = Path(ours) / "templates"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if not user_cache.is_ours(folder.stat()) or not os.access(folder, os.W_OK):
            return None
    except OSError:
        return None
    return FileSystemBytecodeCache(str(folder))
