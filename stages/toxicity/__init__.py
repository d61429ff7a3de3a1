"""The toxicity stage: a score and personal data; which documents are kept."""
