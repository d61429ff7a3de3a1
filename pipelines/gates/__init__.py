"""Gates: what must be true of a stage's output before the next stage may read it, one suite per stage."""
