"""The card of the release: what is in it, where it comes from, how it was made, and what it must not be taken for."""
