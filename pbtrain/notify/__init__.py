"""Telling people.

A **message** is a row of the inbox, once per account and occasion; a **delivery** takes it out by a channel.
"""
