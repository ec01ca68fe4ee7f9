"""Who is reminded of what, and when: by the calendar, once per person and occasion, or by the secretary."""
