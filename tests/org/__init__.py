"""Units, members, posts, roles."""
