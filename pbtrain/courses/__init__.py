"""Courses of an academy: lessons in order, an ending quiz, and hours once both are done.

An **enrolment** ties a member to a course; a lesson is **done** when the member says so after at least its
shortest time; a **finished** course is posted to the ledger exactly once.
"""
