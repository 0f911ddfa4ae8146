"""Side-by-side measurements of skdl with its peers, printed as ratios."""
