"""The end of a month and of a year: sign-off, seal, manifest; and signed statements of hours."""
