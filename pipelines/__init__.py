"""Where, when and by whom: files, shards, Ray, gates, reports. Knows nothing about text."""

STAGES = ("extract", "quality", "dedup", "toxicity", "mix")  # the gated ones, in their order
