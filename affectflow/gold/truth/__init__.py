"""What people decided, with weights, and which of their answers still hold."""
