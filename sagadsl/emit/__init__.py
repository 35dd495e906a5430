"""From a pinned saga to artefacts: one module and one template for each."""
