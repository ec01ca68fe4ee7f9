"""What is right of academies and classes. Pure: `timetable` knows what stands in the way of what."""
