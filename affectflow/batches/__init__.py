"""What flows: record batches, and functions over them."""
