"""Academies and their training classes: catalogue, timetable of events, enrolment, certificates."""
