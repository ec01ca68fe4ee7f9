"""Tests: each feature's beside its name, the house rules and the matrix here, journeys in browser/."""
