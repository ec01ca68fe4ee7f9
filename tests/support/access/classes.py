"""Rows of academies: classes, calendars, certificates."""

from tests.support.matrix import row

VENUE = {"item_id": "venue_id"}
CALENDARS = {"secretary": "own", "academy_admin": "subtree"}
RUNS = {"academy_admin": "subtree"}  # classes of an academy
CLOSED = {"class_id": "closed_class_id"}

TABLE = {
    # -- classes: reading of them; exactly which academies serve whom is tested in tests/classes
    "classes.open_classes": row("learn", members="all"),
    "classes.open_class": row("learn", members="none", outside={200, 404}),
    "classes.open_class draft": row("learn", members="none", use={"class_id": "draft_class_id"}),
    "classes.mine": row("learn", members="all"),
    "classes.join": row("learn", members="none", outside={400, 404}),
    "classes.my_leave": row("learn", members="none", outside={404}),
    # -- classes: nominating for them; whom an academy serves is tested in tests/classes
    "classes.nominable": row("class:nominate", secretary="all", unit_admin="all"),
    "classes.nominate": row("class:nominate", secretary="none", unit_admin="none", outside={200, 404, 422}),
    "classes.nominate draft": row(
        "class:nominate", secretary="none", unit_admin="none", use={"class_id": "draft_class_id"}
    ),
    "classes.nominated": row("class:nominate", secretary="none", unit_admin="none", outside={400, 404}),
    # -- calendars
    "calendars.mine": row("signed in", everyone="all", led_on="academy_admin"),
    "calendars.unit": row("signed in", everyone="none", **CALENDARS),
    "calendars.venue": row("signed in", everyone="none", academy_admin="subtree"),
    "calendars.feed": row("signed in", everyone="all", post=200),
    "calendars.ics": row("public", get=404, use={"token": "shelf"}),
    # -- classes: running them
    "classes.index": row("class:manage", academy_admin="all"),
    "classes.page": row("class:manage", **RUNS),
    "classes.learners": row("class:manage", **RUNS),
    "classes.act": row("class:manage", **RUNS, post=400),
    "classes.learner": row("class:manage", **RUNS),
    "classes.learner_act": row("class:manage", **RUNS, post=400),
    "classes.lists": row("class:manage", **RUNS, post=400),
    "classes.list_template": row("class:manage", **RUNS),
    "classes.one_list": row("class:manage", **RUNS, post=400),
    "classes.list_progress": row("class:manage", **RUNS),
    "classes.list_refused": row("class:manage", **RUNS),
    "classes.new_guest": row("class:manage", **RUNS, post=422),
    "classes.merge_guest": row("class:manage", **RUNS, post=422),
    "classes.part_guest": row("class:manage", **RUNS, post=404),
    "classes.learner_leave": row("class:manage", **RUNS, post=422),
    "classes.quotas": row("class:manage", **RUNS, post=422),
    "classes.new_class": row("class:manage", academy_admin="all", post=422),
    "classes.edit_class": row("class:manage", **RUNS, post=422),
    "classes.move_state": row("class:manage", **RUNS, body={"act": "run", "version": "1"}),
    "classes.template_after": row("class:manage", **RUNS, post={303, 422}),
    "classes.move_class": row("class:manage", **RUNS, post=422),
    "classes.notice": row("class:manage", **RUNS),
    "classes.card": row("class:manage", **RUNS),
    "classes.timetable": row("class:manage", **RUNS),
    "classes.new_unit": row("class:manage", **RUNS, post=422),
    "classes.edit_unit": row("class:manage", **RUNS, post=422),
    "classes.move_unit": row(
        "class:manage", **RUNS, body={"version": "1", "day": "2027-03-08", "time": "9:00"}
    ),
    "classes.remove_unit": row("class:manage", **RUNS, body={"version": "1"}),
    "classes.catalogue": row("class:manage", academy_admin="all", get=302),
    "classes.shelf": row("class:manage", academy_admin="all"),
    "classes.shelf_xlsx": row("class:manage", academy_admin="all"),
    "classes.new_item": row("class:manage", academy_admin="all", post=422),
    "classes.edit_item": row("class:manage", **RUNS, use=VENUE, post=422),
    "classes.open_item": row("class:manage", **RUNS, use=VENUE, body={"version": "1"}),
    # -- certificates
    "certificates.index": row("class:manage", academy_admin="all"),
    "certificates.style": row("class:manage", **RUNS, post=422),
    "certificates.style_example": row("class:manage", **RUNS, post=200),
    "certificates.style_pdf": row("class:manage", **RUNS),
    "certificates.style_picture": row("class:manage", **RUNS, kinds="academy"),
    "certificates.of_class": row("class:manage", **RUNS, use=CLOSED, post={303, 422}),
    "certificates.class_pdf": row("class:manage", **RUNS, use=CLOSED),
    "certificates.paper": row("class:manage", **RUNS),
    "certificates.revoke": row("class:manage", **RUNS, post=422),
    "certificates.evaluate": row("learn", members="mine", use=CLOSED, post=422),
    "certificates.evaluation": row("class:manage", **RUNS, post=303),
    "certificates.entry_list": row("class:manage", **RUNS, post=303),
    "certificates.entry_print": row("class:manage", **RUNS),
    "certificates.statistics": row("class:manage", academy_admin="all"),
    "certificates.behind": row("class:manage", academy_admin="all"),
    "certificates.statistics_xlsx": row("class:manage", academy_admin="all"),
    "certificates.bundle": row("class:manage", **RUNS, use={"what": "bundle"}, post=303),
    "certificates.bundle_zip": row("class:manage", **RUNS, use={"what": "bundle"}, get=404),
    "certificates.mine": row("learn", members="all"),
    "certificates.my_paper": row("learn", members="mine"),
    "certificates.shown": row("public", get=404, post=404),
}
