"""The stage themes in steps: fit on a sample, assign part by part, name, write."""
