"""What people are asked: labels of a vocabulary, scales, and tasks."""
