"""What a run will take, before it runs; and plan against actual."""
