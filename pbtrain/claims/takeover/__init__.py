"""Sheets of earlier hours (期初) and exports of platforms: sent by a branch, confirmed above, then lines.

The pages are in `claims.views.takeovers`; `work` reads, writes and takes back in the background.
"""
