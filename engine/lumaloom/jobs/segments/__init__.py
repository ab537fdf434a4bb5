"""A render in segments: pieces of its video, kept by what they are made of, joined without coding them again."""
