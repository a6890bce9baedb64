"""Published figures, computed anew by cfbench: one module a claim, each printing what was published and what came out."""
