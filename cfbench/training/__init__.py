"""Training: the learner and what it calls by name — components, evaluation, checkpoints."""
