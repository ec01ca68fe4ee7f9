"""What is kept of one person, for that person: 我的资料, and the file to take home."""
