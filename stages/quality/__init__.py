"""The quality stage: signals, a score and line edits; which documents are kept."""
