"""Near and exact duplicates: found by MinHash, verified by exact Jaccard, removed in favour of a kept twin."""
