"""The engine: text, pixels and sound in, events out."""
