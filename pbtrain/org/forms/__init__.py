"""What the browser may send about the organisation."""
