"""The mixture: real and synthetic documents, weighted, released in shards, and checked for collapse."""
