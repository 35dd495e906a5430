"""The grammar, the templates and the finding pages, in a wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = {"findings": Path("docs", "findings")}


def folder(name: str) -> Path:
    """The folder of `grammar`, `templates` or `findings`.

    A wheel carries them inside the package; in a checkout they lie beside it.
    """
    shipped = _PACKAGE / "_resources" / name
    if shipped.is_dir():
        return shipped
    return _PACKAGE.parent / _CHECKOUT.get(name, Path(name))
