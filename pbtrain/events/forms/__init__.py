"""What the browser may send about the meetings of a branch, their plan and the door."""
