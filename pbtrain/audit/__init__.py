"""Who did what to which row. Append-only, by trigger in both databases."""
