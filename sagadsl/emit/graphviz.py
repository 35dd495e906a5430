"""The only module that knows Graphviz: DOT in, a picture out that names its DOT.

`dot` is run where the system has it. Else the libraries that the wheel of pygraphviz
carries lay it out, in a process of their own: what goes wrong in them ends there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from hashlib import sha256
from zlib import crc32

from sagadsl.emit.palette import DARK

# Layout takes seconds here, and minutes not much further on.
MOST_ARROWS = 3_000
PATIENCE = 120

_PNG = b"\x89PNG\r\n\x1a\n"
_KEY = b"dot-sha256"
_SVG = re.compile(rb'<svg [^>]*\bdata-dot-sha256="([0-9a-f]{64})"')

_LENGTH = re.compile(r'\b(width|height)="([\d.]+)pt"')


class RenderError(Exception):
    """Why there is no picture."""


def render(dot: str, form: str) -> bytes:
    """What `emit_dot` returned as `svg` or `png`, or `RenderError`."""
    arrows = dot.count(" -> ")
    if arrows > MOST_ARROWS:
        raise RenderError(
            f"a picture of {arrows} arrows takes Graphviz too long; the limit is"
            f" {MOST_ARROWS}"
        )
    picture = _run_dot(dot, form) if shutil.which("dot") else _run_carried(dot, form)
    digest = sha256(dot.encode()).hexdigest()
    return _themed(picture, digest) if form == "svg" else _stamped(picture, digest)


def digest_of(rendered: bytes) -> str | None:
    """The SHA-256 of the DOT that a picture was made from, if it tells."""
    if rendered.startswith(_PNG):
        start = rendered.find(b"tEXt" + _KEY + b"\0") + 5 + len(_KEY)
        digest = rendered[start : start + 64]
        return digest.decode() if re.fullmatch(rb"[0-9a-f]{64}", digest) else None
    found = _SVG.search(rendered)
    return found[1].decode() if found else None


def _run_dot(dot: str, form: str) -> bytes:
    import graphviz  # noqa: PLC0415  imported late: it takes 35 ms

    try:
        return bytes(graphviz.pipe("dot", form, dot.encode(), quiet=True))
    except graphviz.CalledProcessError as failed:
        raise RenderError(_said(failed.stderr)) from None
    except graphviz.ExecutableNotFound:
        return _run_carried(dot, form)


def _run_carried(dot: str, form: str) -> bytes:
    command = [sys.executable, "-P", "-m", __name__, form]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and module
            command,
            input=dot.encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise RenderError(f"Graphviz was not done after {PATIENCE} seconds") from None
    except subprocess.CalledProcessError as failed:
        raise RenderError(_said(failed.stderr)) from None
    return done.stdout


def _said(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    last = lines[-1].strip() if lines else "nothing was said"
    return f"Graphviz failed: {last}"


def _themed(svg: bytes, digest: str) -> bytes:
    """The bare element, with its digest and with colours for dark pages."""
    text = svg.decode()
    text = re.sub(r"<!--.*?-->\n?", "", text[text.index("<svg ") :], flags=re.DOTALL)
    text = _LENGTH.sub(_in_pixels, text, count=2)
    rules = "".join(
        f'.saga [{part}="{light}"] {{ {part}: {dark} }}\n'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
        if f'{part}="{light}"' in text
    )
    style = f"<style>\n@media (prefers-color-scheme: dark) {{\n{rules}}}\n</style>\n"
    opening, rest = text.split(">", 1)
    own = f' class="saga" role="img" data-dot-sha256="{digest}">\n'
    return (opening + own + style + rest.lstrip()).encode()


def _in_pixels(length: re.Match[str]) -> str:
    """A length that every renderer knows; points are of print, and not all do."""
    return f'{length[1]}="{round(float(length[2]) * 4 / 3)}"'


def _stamped(png: bytes, digest: str) -> bytes:
    """The picture with a text chunk after its header."""
    end = len(_PNG) + 25
    body = b"tEXt" + _KEY + b"\0" + digest.encode()
    chunk = (len(body) - 4).to_bytes(4) + body + crc32(body).to_bytes(4)
    return png[:end] + chunk + png[end:]


def _draw() -> None:
    """What the process of its own does: DOT from stdin, the picture to stdout."""
    try:
        import pygraphviz  # noqa: PLC0415  imported late: it loads the libraries
    except ImportError:
        sys.exit("there is no `dot` on the path, and pygraphviz is not installed")
    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))


if __name__ == "__main__":
    _draw()
