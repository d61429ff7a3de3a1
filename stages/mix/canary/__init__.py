"""Canaries: small language models that are trained on a mixture, to see what it does to their tail."""
