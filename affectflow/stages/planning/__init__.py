"""Plans: what a run will cost, from a sample, and afterwards how wrong that was."""
