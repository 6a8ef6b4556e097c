"""What models of the transformers library share: where they are, loading, running."""
