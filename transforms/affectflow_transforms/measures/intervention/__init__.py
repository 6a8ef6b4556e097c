"""What to expect of an action beyond what was tried: a control function."""
