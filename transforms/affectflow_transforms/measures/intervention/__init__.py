"""What to expect from an action beyond those tried: a control function."""
