"""What is read of academies and classes: `classes`, `enrolment`, `audience`."""
