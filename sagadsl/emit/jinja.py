"""The only module that knows Jinja: finished words in, text out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sagadsl import resources

if TYPE_CHECKING:
    from jinja2 import Environment


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
    )
