"""Published figures, computed anew by cfbench: each module prints what was published and what came out."""
