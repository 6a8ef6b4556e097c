"""Pictures and videos: which frames are looked at, and how they are read."""
