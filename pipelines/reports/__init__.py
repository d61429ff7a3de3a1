"""What analysts see: one page made from manifests, censuses and verdicts. Decides nothing, reads no page text."""
