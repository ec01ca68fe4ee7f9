"""What happens to academies and classes. Whoever calls has made sure that the academy is in reach."""
