"""Units in a tree, members with dated affiliations and posts, roles, and who may see what."""
