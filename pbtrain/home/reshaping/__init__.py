"""Units that are moved, merged, split, turned and ended: counted, chosen, done together with their hours."""
