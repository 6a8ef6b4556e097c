"""A small encoder of English texts that comes with the package; it needs torch."""
