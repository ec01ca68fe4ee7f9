"""The first page of each role, the way around, and the page of one's own account."""
