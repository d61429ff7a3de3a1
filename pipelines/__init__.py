"""Where, when and by whom: files, shards, Ray, gates, reports. Knows nothing about text."""
