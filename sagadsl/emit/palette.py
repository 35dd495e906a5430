"""The colours of pictures and pages, each by its use, for light and for dark."""

from __future__ import annotations

CARD = "#ffffff"
INK = "#1f2328"
MUTED = "#59636e"
LINE = "#6e7781"
FADED = "#98a1ab"
STATE = "#f6f8fa"
FACT = "#eceff3"
PASSED = "#dce2e9"
EDGE = "#8c959f"
GREEN = "#1a7f37"
GREEN_FILL = "#dafbe1"
RED = "#cf222e"
RED_FILL = "#ffebe9"
PURPLE = "#8250df"
PURPLE_FILL = "#fbefff"
AMBER = "#9a6700"
AMBER_FILL = "#fff8c5"
BLUE = "#0969da"
BLUE_FILL = "#ddf4ff"
TEAL = "#1b7c83"
ON_STRONG = "#fffffe"

# A colour is told apart by its value alone, so each is written once.
DARK = {
    CARD: "#0d1117",
    INK: "#e6edf3",
    MUTED: "#9198a1",
    LINE: "#8b949e",
    FADED: "#68717d",
    STATE: "#1c2128",
    FACT: "#1a2028",
    PASSED: "#343b45",
    EDGE: "#656c76",
    GREEN: "#3fb950",
    GREEN_FILL: "#12301c",
    RED: "#f85149",
    RED_FILL: "#3a1a1d",
    PURPLE: "#b083f0",
    PURPLE_FILL: "#271c3a",
    AMBER: "#d29922",
    AMBER_FILL: "#3a2d0d",
    BLUE: "#4493f8",
    BLUE_FILL: "#10294a",
    TEAL: "#39c5cf",
    ON_STRONG: "#0d1118",
}
