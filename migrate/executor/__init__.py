"""From a plan to a target that is like its source."""
