"""What a run will cost, estimated before it runs, and plan against actual."""
