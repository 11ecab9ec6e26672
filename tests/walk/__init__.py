"""The random walk: a random schema, random edits on both sides; plan and apply make them equal."""
