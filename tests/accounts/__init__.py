"""The entrances."""
