"""What is read of academies and classes: `classes` has the lists, one class and its timetable."""
