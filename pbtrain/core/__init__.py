"""What every feature stands on: database, clock, forms, guards. Knows no feature."""
