"""Extract: WARC records become documents, and every record a decision."""
