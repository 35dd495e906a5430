"""Values that say what is wrong; `text`, `json`, `sarif` and `github` render them."""

from sagadsl.diagnostics.finding import Finding, Label, Rule, Severity

__all__ = ["Finding", "Label", "Rule", "Severity"]
