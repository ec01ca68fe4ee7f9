"""Demo data too large for the services: a district, a city, a region, written in bulk into an empty site.

`shapes` says how many of what, `people` who they are, `year` what they learnt; `make` puts a run of branches
together as rows, the same for everybody who loads that preset on that day; `postgresql` and `sqlite` write
rows with the guards of the ledger out of the way and put them back as shipped; `load` conducts.
"""
