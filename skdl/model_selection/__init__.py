"""How good a setting is, and which one is best: bootstrap, searches."""
