"""Rules of a year: written as a draft, tried on a ledger, published for good."""
