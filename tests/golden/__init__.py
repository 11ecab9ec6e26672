"""One folder per behaviour of the planner: what is on the source, what is on the target, and the plan that follows."""
