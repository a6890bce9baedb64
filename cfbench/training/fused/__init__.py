"""The fused engine: one pass over the ratings, each a step in closed form, for models that are user · item + biases."""
