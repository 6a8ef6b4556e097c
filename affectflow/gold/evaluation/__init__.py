"""Every figure of annotators against people or against one another."""
