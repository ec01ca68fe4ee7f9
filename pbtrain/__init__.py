"""pbtrain: study hours of Party members, from the lesson to the sealed ledger."""

__version__ = "0.1.0"
