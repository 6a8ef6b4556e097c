"""Pictures and videos: which frames are used, and how they are read."""
