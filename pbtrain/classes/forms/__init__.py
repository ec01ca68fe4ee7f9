"""What the browser may send about academies and classes."""
