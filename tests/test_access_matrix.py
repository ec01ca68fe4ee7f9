"""Every route asked by everybody, inside, above, below and beside their own unit, by GET and by POST.

The table below was written by hand and is what we mean; the guards and queries are what we do. A route that
has no line here fails, and so does a line without a route.
"""

import re

import pytest
import time_machine

from tests.support import world as worlds
from tests.support.frozen import USUAL
from tests.support.matrix import Asker, cells, expected, row

# Who sees the hours of members, the figures of units, and who writes courses: said here once.
SEES = {"secretary": "own", "unit_admin": "subtree", "unit_auditor": "subtree"}
OVERSEES = {"unit_admin": "subtree", "unit_auditor": "subtree", "system_admin": "subtree"}
ABOVE = {"unit_admin": "subtree", "unit_auditor": "subtree"}
MANAGES = {"unit_admin": "subtree", "system_admin": "subtree"}
JUDGES = {"unit_admin": "subtree", "unit_auditor": "subtree"}
MAKES = {"secretary": "own", "unit_admin": "subtree"}
JUDGES_ALL = dict.fromkeys(JUDGES, "all")
WAITING, MY_DRAFT = {"claim_id": "waiting_id"}, {"claim_id": "draft_claim_id"}
MENDS = {"secretary": "own", **MANAGES}
VENUE = {"item_id": "venue_id"}
CALENDARS = {"secretary": "own", "academy_admin": "subtree"}
RUNS = {"academy_admin": "subtree"}  # classes of an academy
EDITS = {"academy_admin": "subtree", "course_author": "own"}
CLOSED = {"class_id": "closed_class_id"}
LED = "committee general_branch branch"  # kinds of units with a secretary
DRAFT = {"course_id": "draft_id", "lesson_id": "draft_lesson_id", "question_id": "draft_question_id"}

# "endpoint" or "endpoint variant": row(guard, who=reach, ...); see support/matrix.py for the words.
DOOR = {"secretary": "own", "academy_admin": "subtree"}  # it is kept by whoever records there
TABLE = {
    "static": row("public", get=404),
    "core.display": row("public", post=303),
    "core.healthz": row("public"),
    "core.readyz": row("public", get={200, 503}),
    # -- accounts
    "accounts.sign_in": row("public", post=422),
    "accounts.activate": row("public", post=422),
    "accounts.forgotten": row("public", post=200),
    "accounts.reset": row("public", post=422),
    "accounts.sign_out": row("public", post=303),
    # -- home
    "home.home": row("signed in", everyone="all"),
    "home.change_view": row("signed in", everyone="all", post=403),
    "home.mine": row("signed in", everyone="all"),
    "home.password": row("signed in", everyone="all", post=422),
    "home.email": row("signed in", everyone="all", post=422),
    "home.end_session": row("signed in", everyone="mine", post=303),
    "home.end_others": row("signed in", everyone="all", post=303),
    # -- home: the second factor (the world's people have shown theirs)
    "home.factor": row("entering", everyone="all", post=422),
    "home.factor_app": row("entering", everyone="all", post=422),
    "home.factor_card": row("entering", everyone="all", get=303, post=200),
    "home.proof": row("entering", everyone="all", post=422),
    "left.page": row("entering", everyone="all", get=303, post=303),  # nobody here has left the roster
    "home.my_factor": row("signed in", everyone="all"),
    "home.end_factor": row("signed in", member="all", other_member="all", post=303),
    "home.end_device": row("signed in", everyone="mine", post=303),
    # -- notify
    "notify.inbox": row("signed in", everyone="all"),
    "notify.read_all": row("signed in", everyone="all", post=303),
    "notify.open_message": row("signed in", everyone="mine", post=303),
    "notify.jobs": row("jobs:view", system_admin="all"),
    "notify.retry_job": row("jobs:view", system_admin="all", post=303),
    "notify.retry_delivery": row("jobs:view", system_admin="all", post=303),
    # -- hours
    "hours.mine": row("learn", members="all"),
    "hours.line": row("signed in", everyone="none", **SEES),
    "hours.reverse": row("hours:reverse", secretary="own", post=422),
    "hours.members": row("members:view", kinds="branch", **SEES),
    "hours.members_csv": row("members:view", **SEES),
    "hours.members_xlsx": row("members:view", kinds="branch", **SEES),
    "hours.member": row("members:view", kinds="branch", **SEES),
    "hours.unit": row("units:view", kinds="committee", **OVERSEES),
    "hours.unit_xlsx": row("units:view", kinds="committee", **OVERSEES),
    "hours.newcomers": row("members:view", **SEES),
    "hours.newcomers_xlsx": row("members:view", **SEES),
    "hours.unit branch": row("units:view", kinds="branch", get=302, **OVERSEES | {"system_admin": "barred"}),
    # -- events
    "events.meetings": row("event:correct", secretary="all", unit_admin="all"),
    "events.new": row("event:record", secretary="own", query="unit=%(unit_id)s"),
    "events.people": row("event:record", secretary="own", query="unit=%(unit_id)s", get=422),
    "events.record": row("event:record", secretary="own", body={"unit": "%(unit_id)s"}, post=422),
    "events.meeting": row("event:correct", secretary="own", unit_admin="none"),
    "events.correct": row("event:correct", secretary="own", unit_admin="none", post=422),
    "events.photo": row("signed in", everyone="none", **SEES),
    "events.amend": row("event:correct", secretary="own", unit_admin="none", post=422),
    "events.step": row("event:correct", secretary="own", unit_admin="none", post=400),
    "events.detach": row("event:correct", secretary="own", unit_admin="none", post=422),
    "events.attach": row("event:correct", secretary="own", unit_admin="none", post=422),
    "events.record_page": row("report:view", **SEES),
    # -- events: the calendar of a branch, and what a level above gives and asks
    "events.plan": row("report:view", kinds="branch", **SEES),
    "events.plan_new": row("event:record", secretary="own", kinds="branch", post=422),
    "events.plan_year": row("event:record", secretary="own", kinds="branch", post=422),
    "events.series_new": row("event:record", secretary="own", kinds="branch", post=422),
    "events.series_end": row("event:record", secretary="own"),
    "events.move": row("event:record", secretary="own", use={"event_id": "planned_id"}, post=422),
    "events.cancel": row("event:record", secretary="own", use={"event_id": "planned_id"}, post=422),
    "events.year_book": row("report:view", kinds="branch", **SEES),
    "events.points": row("event:record", secretary="own", kinds="branch"),
    "events.point_new": row("event:record", secretary="own", kinds="branch", post=422),
    "events.point": row("event:record", secretary="own", kinds="branch", post=422),
    "events.grid": row("report:view", **SEES),
    "events.unit_activities": row("activity:set", unit_admin="subtree"),
    "events.unit_activity": row("activity:set", unit_admin="subtree", post=422),
    "events.unit_activity_reset": row("activity:set", unit_admin="subtree", post=409),
    "events.unit_themes": row("theme:give", unit_admin="subtree"),
    "events.theme_new": row("theme:give", unit_admin="subtree", post=422),
    "events.theme": row("theme:give", unit_admin="subtree"),
    "events.theme_withdraw": row("theme:give", unit_admin="subtree"),
    "events.held_lines": row("hours:reverse", secretary="all"),
    "events.approve_held": row("hours:reverse", secretary="own", post=303),
    "events.reject_held": row("hours:reverse", secretary="own", post=422),
    "events.own_lines": row("signed in", everyone="all"),
    "events.decide_own": row("signed in", everyone="none", use={"claim_id": "own_claim_id"}),  # by post only
    # -- events: the door
    **{
        f"events.{name}": row("signed in", everyone="none", **DOOR, **answers)
        for name, answers in {
            "door": {"get": 303},
            "door_now": {},
            "open_door": {},
            "door_list": {},
            "door_list_now": {},
            "door_tick": {"post": 422},
            "door_add": {"post": 422},
            "door_records": {"post": 400},
            "close_door": {"post": 422},
            "door_person": {"post": 422},
            "sheet_pdf": {},
            "sheet_page": {"post": 422},
            "sheet_photo": {"use": {"uuid": "sheet_uuid"}},
        }.items()
    },
    "events.scan": row("public", get=422),
    "events.scanner": row("signed in", everyone="all"),
    "events.check_in": row("signed in", everyone="none"),
    # -- closing: sign-off
    "closing.months": row("report:view", kinds="branch", **SEES),
    "closing.sign": row("hours:sign", secretary="own", kinds="branch", post=422),
    # -- closing: the end of a year
    "closing.year": row("report:view", kinds="committee general_branch branch", **SEES),
    "closing.close": row("year:seal", kinds="committee general_branch branch", **SEES, post=422),
    "closing.progress": row("year:seal", secretary="none", **ABOVE, get=404),
    "closing.ready_branches": row("year:seal", kinds="committee general_branch", secretary="none", **ABOVE),
    "closing.close_ready": row(
        "year:seal", kinds="committee general_branch", secretary="none", **ABOVE, post=422
    ),
    "closing.ready_progress": row("year:seal", secretary="none", **ABOVE, get=404),
    "closing.export_year": row("report:view", **SEES, get=404),
    "closing.my_statements": row("learn", members="all", post=422),
    "closing.member_statements": row("hours:sign", secretary="own", kinds="branch", post=422),
    "closing.revoke_statement": row("signed in", everyone="none", secretary="own", post=422),
    "closing.statement": row("public", get=404),
    "closing.proof": row("signed in", everyone="all", post=422),
    "closing.correct_line": row("year:correct", **ABOVE, post=422),
    "closing.correct_year": row("year:correct", **ABOVE, kinds="branch", post=422),
    # -- policies: a version above is read by whoever reads the rules below
    "policies.index": row("policy:view", get=302, unit_admin="all", unit_auditor="all"),
    "policies.unit": row("policy:view", **ABOVE),
    "policies.version": row("policy:view", outside={200, 404}, **ABOVE),
    "policies.begin": row("policy:edit", unit_admin="subtree"),
    "policies.draft": row("policy:edit", unit_admin="subtree"),
    "policies.example": row("policy:edit", unit_admin="subtree"),
    "policies.preset": row("policy:edit", unit_admin="subtree"),
    "policies.drop": row("policy:edit", unit_admin="subtree"),
    "policies.publish": row("policy:edit", unit_admin="subtree"),
    "policies.begin_trial": row("policy:edit", unit_admin="subtree"),
    "policies.trial": row("policy:edit", unit_admin="subtree"),
    "policies.trial_progress": row("policy:edit", unit_admin="subtree"),
    "policies.trial_xlsx": row("policy:edit", unit_admin="subtree"),
    # -- claims: one's own, a draft; those that wait in the unit of the secretary, and below who judges
    "claims.mine": row("learn", members="all"),
    "claims.new": row("learn", members="all", post=422),
    "claims.new_for": row("claim:decide", secretary="own", kinds="branch", post=422),
    "claims.estimate": row("signed in", everyone="none", members="mine", secretary="own"),
    "claims.claim": row("signed in", everyone="none", **SEES, use=WAITING),
    "claims.claim own": row("signed in", everyone="none", members="mine", use=MY_DRAFT, secretary="mine"),
    "claims.act": row("signed in", everyone="none", members="mine", use=MY_DRAFT, post=400),
    "claims.edit": row("signed in", everyone="none", members="mine", use=MY_DRAFT, post=422),
    "claims.add_file": row("signed in", everyone="none", members="mine", use=MY_DRAFT, post=400),
    "claims.remove_file": row(
        "signed in", everyone="none", members="mine", use=MY_DRAFT | {"evidence_id": "waiting_evidence_id"}
    ),
    "claims.file": row("signed in", everyone="none", **SEES, use={"uuid": "waiting_uuid"}),
    "claims.desk": row("claim:decide", secretary="all"),
    "claims.desk_claim": row("claim:decide", secretary="own", use=WAITING),
    "claims.decide": row("claim:decide", secretary="own", use=WAITING, post=400),
    "claims.approve_all": row(
        "claim:decide", secretary="own", body={"claim": "%(waiting_id)s:1"}, post=422, kinds="branch"
    ),
    "claims.above": row("claim:judge", **JUDGES_ALL),
    "claims.above_claim": row("claim:judge", **JUDGES, use={"claim_id": "appealed_id"}),
    "claims.confirm_all": row(
        "claim:judge", **JUDGES, body={"claim": "%(own_claim_id)s"}, post=303, kinds="branch"
    ),
    "claims.judge": row("claim:judge", **JUDGES, use={"claim_id": "appealed_id"}, post=400),
    "claims.waiting": row("claim:judge", **ABOVE),
    "claims.platforms": row("platform:manage", unit_admin="subtree"),
    "claims.platform_presets": row("platform:manage", unit_admin="subtree", post=303),
    "claims.platform_new": row("platform:manage", unit_admin="subtree", post=422),
    "claims.platform": row("platform:manage", unit_admin="subtree", post=422),
    # -- sheets of earlier hours: where they are made, and from above once they are handed in
    "claims.takeovers": row("takeover:make", secretary="all", unit_admin="all"),
    "claims.takeovers_above": row("claim:judge", **JUDGES_ALL),
    "claims.takeover_new": row("takeover:make", **MAKES, post=422),
    "claims.takeover_template": row("takeover:make", **MAKES),
    "claims.takeover": row("takeover:make", **MAKES),
    "claims.takeover_above": row("claim:judge", **JUDGES),
    "claims.takeover_progress": row("takeover:make", **MAKES),
    "claims.takeover_progress_above": row("claim:judge", **JUDGES),
    "claims.takeover_act": row("takeover:make", **MAKES, post=400),
    "claims.takeover_decide": row("claim:judge", **JUDGES, post=400),
    "claims.takeover_refused": row("takeover:make", **MAKES),
    "claims.takeover_scan": row("takeover:make", **MAKES),
    "claims.takeover_scan_above": row("claim:judge", **JUDGES),
    # -- reports
    "reports.index": row("report:view", secretary="all", unit_admin="all", unit_auditor="all"),
    "reports.page": row("report:view", kinds="branch", **SEES),
    "reports.paper": row("report:view", kinds="branch", **SEES),
    "reports.xlsx": row("report:view", kinds="branch", **SEES),
    # -- reminders
    "reminders.branch": row("remind", secretary="own", kinds="branch"),
    "reminders.send": row("remind", secretary="own", kinds="branch", post=303),
    # -- org: units, logins, slips
    "org.units": row("units:view", unit_admin="all", unit_auditor="all", system_admin="all", get=302),
    "org.unit": row("units:view", **OVERSEES),
    "org.unit_new": row("unit:manage", **MANAGES, post=422),
    "org.unit_edit": row("unit:manage", **MANAGES, post=422),
    "org.units_new": row("unit:manage", **MANAGES, post=422),
    "org.tree": row("units:view", **OVERSEES),
    "org.unit_history": row("units:view", **OVERSEES),
    "reshape.move": row("unit:manage", **MANAGES, post=422),
    "reshape.abolish": row("unit:manage", **MANAGES, post=422),
    "reshape.reopen": row("unit:manage", **MANAGES, post=422),
    "reshape.turn": row("unit:manage", **MANAGES, post=200),
    "reshape.turn_back": row("unit:manage", **MANAGES, post=422),
    "reshape.merge": row("unit:manage", **MANAGES, post=200),
    "reshape.split": row("unit:manage", **MANAGES, post={200, 422}),
    "org.members": row("roster:manage", **MANAGES),
    "org.accounts": row("grant:manage", unit_admin="all", system_admin="all"),
    "org.account": row("grant:manage", **MANAGES),
    "org.account_close": row("grant:manage", **MANAGES, post=303),
    "org.account_open": row("grant:manage", **MANAGES, post=303),
    "org.grant_add": row("grant:manage", **MANAGES, post=422),
    "org.grant_end": row("grant:manage", **MANAGES, post=303),
    "org.slips": row("slip:print", secretary="own", **MANAGES, post=422),
    # -- who leads, and academies
    "home.start": row("unit:manage", unit_admin="all", system_admin="all"),
    "org.leaders": row("grant:manage", **MANAGES, query="unit=%(unit_id)s&show=all"),
    "org.leaders_xlsx": row("grant:manage", **MANAGES, query="unit=%(unit_id)s&show=all"),
    "org.terms": row("grant:manage", unit_admin="all", system_admin="all"),
    "org.asleep": row("slip:print", secretary="own", **MANAGES, query="unit=%(unit_id)s"),
    "leading.secretary": row("grant:manage", **MANAGES, kinds=LED, post=422),
    "leading.acting": row("grant:manage", **MANAGES, kinds=LED, post=422),
    "org.academies": row("unit:manage", unit_admin="all", system_admin="all"),
    "org.academy_new": row("unit:manage", unit_admin="all", system_admin="all", post=422),
    "org.academy": row("unit:manage", **MANAGES, kinds="academy"),
    "org.academy_area": row("unit:manage", **MANAGES, kinds="academy", post=422),
    "org.academy_seal": row("unit:manage", **MANAGES, kinds="academy"),
    "org.academy_seal_set": row("unit:manage", **MANAGES, kinds="academy", post=422),
    "org.academy_staff": row("grant:manage", **MANAGES, kinds="academy", post=422),
    "org.academy_slip": row(
        "slip:print", **MANAGES, secretary="none", kinds="academy", use={"account_id": "author_id"}, post=200
    ),
    "reach.branch": row("members:view", kinds="branch", **SEES),
    "learners.index": row("learner:find", academy_admin="own", kinds="academy", query="academy=%(unit_id)s"),
    "learners.xlsx": row("learner:find", academy_admin="own", kinds="academy", query="academy=%(unit_id)s"),
    # -- home: what stands between a person and the own login
    "logins.factor": row("grant:manage", **MANAGES, post=422),
    "logins.sign_out": row("grant:manage", **MANAGES, post=303),
    # -- admin: one member
    "admin.member_new": row("roster:manage", **MANAGES, post=422),
    "admin.member": row("member:mend", **MENDS),
    "admin.member_edit": row("member:mend", **MENDS, post={409, 422}),
    "admin.show_in_full": row("member:mend", **MENDS, post=422),
    "admin.find": row("roster:manage", unit_admin="all", system_admin="all", post=422),
    "admin.roster_in_full": row("roster:manage", **MANAGES, post=422),
    "admin.copies": row("signed in", everyone="all"),
    "admin.copy_deleted": row("signed in", everyone="none", **MANAGES, post=303),
    "admin.erase": row("roster:manage", **MANAGES, get=422, post=422),
    "admin.member_transfer": row("roster:manage", **MANAGES, post=422),
    "admin.member_leave": row("roster:manage", **MANAGES, post=422),
    "admin.member_return": row("roster:manage", **MANAGES, post=409),
    "admin.post_give": row("grant:manage", **MANAGES, post=422),
    "admin.post_end": row("grant:manage", **MANAGES, post=303),
    "admin.care_set": row("roster:manage", **MANAGES, post=422),
    "admin.care_reason": row("roster:manage", **MANAGES, post=422),
    "admin.care_end": row("roster:manage", **MANAGES, post=303),
    "admin.status_set": row("roster:manage", **MANAGES, post=422),
    "admin.status_end": row("roster:manage", **MANAGES, post=303),
    # -- what is recorded of oneself, and what is recorded wrongly
    "my_data.page": row("learn", members="all"),
    "my_data.report": row("learn", members="all", post=422),
    "my_data.export": row("learn", members="all", post=422),
    "privacy.notice": row("public"),
    "privacy.kept": row("jobs:view", system_admin="all"),
    "wrong_data.waiting": row("member:mend", secretary="all", unit_admin="all", system_admin="all"),
    "wrong_data.answer": row("member:mend", **MENDS, post=422),
    # -- roster import
    "roster.index": row("roster:manage", **MANAGES, query="unit=%(unit_id)s", post=422),
    "roster.template": row("roster:manage", **MANAGES, query="unit=%(unit_id)s"),
    "roster.export": row("roster:manage", **MANAGES, query="unit=%(unit_id)s"),
    "roster.show": row("roster:manage", **MANAGES),
    "roster.progress": row("roster:manage", **MANAGES),
    "roster.write": row("roster:manage", **MANAGES, post={400, 422}),
    "roster.cancel": row("roster:manage", **MANAGES, post=303),
    "roster.refused": row("roster:manage", **MANAGES),
    "roster.undo": row("roster:manage", **MANAGES, post=409),
    "roster.stays": row("roster:manage", **MANAGES, get=409),
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
    # -- courses: taking them
    "courses.catalogue": row("learn", members="all"),
    "courses.course": row("learn", members="all"),
    "courses.course draft": row("learn", members="none", use={"course_id": "draft_id"}),
    "courses.enrol": row("learn", members="all", post=303),
    "courses.enrol draft": row("learn", members="none", use={"course_id": "draft_id"}),
    "courses.lesson": row("learn", members="own"),
    "courses.lesson draft": row("learn", members="none", use=DRAFT),
    "courses.complete_lesson": row("learn", members="own", post=303, outside=422),
    "courses.complete_lesson draft": row("learn", members="none", use=DRAFT),
    "courses.beat": row("learn", members="own", post=204),
    "courses.beat draft": row("learn", members="none", use=DRAFT),
    "courses.quiz": row("learn", members="own"),
    "courses.start_quiz": row("learn", members="own", post={303, 422}, outside=404),
    "courses.question": row("learn", members="mine"),
    "courses.answer": row("learn", members="mine", post=303),
    "courses.save_answer": row("learn", members="mine", post=204),
    "courses.review": row("learn", members="mine"),
    "courses.submit": row("learn", members="mine", post=303),
    "courses.result": row("learn", members="mine", get=303),
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
    # -- courses: writing them
    "courses.desk": row("course:edit", academy="all"),
    "courses.new_course": row("course:edit", academy="all", post=422),
    "courses.outline": row("course:edit", **EDITS),
    "courses.edit_course": row("course:edit", **EDITS, post=422),
    "courses.preview": row("course:edit", **EDITS),
    "courses.new_lesson": row("course:edit", **EDITS, post=422),
    "courses.edit_lesson": row("course:edit", **EDITS, post=422, use=DRAFT),
    "courses.move_lesson": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.remove_lesson": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.add_quiz": row("course:edit", **EDITS, post={303, 422}),
    "courses.edit_terms": row("course:edit", **EDITS, post=422),
    "courses.remove_quiz": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.revise_quiz": row("course:edit", **EDITS, post=303),
    "courses.new_question": row("course:edit", **EDITS, post=422, use=DRAFT),
    "courses.edit_question": row("course:edit", **EDITS, post=422, use=DRAFT),
    "courses.move_question": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.remove_question": row("course:edit", **EDITS, post=303, use=DRAFT),
    "courses.publish": row("course:publish", academy_admin="subtree", post=303, use=DRAFT),
    "courses.withdraw": row("course:publish", academy_admin="subtree", post=303),
}


@pytest.fixture(scope="module")
def asker(backend):
    """The world, built once for all lines of the table."""
    with time_machine.travel(USUAL, tick=False):
        backend.reset()
        app = backend.app()
        app.testing = False  # the kind of site is read once, as in production
        with Asker(app, worlds.build(app)) as asker:
            yield asker
        backend.release()


def test_every_route_has_a_line_and_every_line_a_route(asker):
    routes = {rule.endpoint for rule in asker.app.url_map.iter_rules()}
    lines = {key.split()[0] for key in TABLE}
    assert routes - lines == set(), "routes without a line: say above who may open them"
    assert lines - routes == set(), "lines without a route"


def test_no_two_routes_share_an_address(asker):
    named = [
        (re.sub("<[^>]*>", "<>", rule.rule), method)
        for rule in asker.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    ]
    assert len(set(named)) == len(named), sorted({one for one in named if named.count(one) > 1})


def test_every_guard_is_the_one_in_the_table(asker):
    views = asker.app.view_functions
    found = {key: str(getattr(views[key.split()[0]], "guard", "public")) for key in TABLE}
    assert found == {key: line.guard for key, line in TABLE.items()}


@pytest.mark.parametrize("key", sorted(TABLE))
def test_access(asker, backend, key, record_property):
    line, wrong, asked = TABLE[key], [], 0
    for rule in asker.app.url_map.iter_rules(key.split()[0]):
        for cell in cells(asker.world, rule, line, refused_too=backend.name == "sqlite"):
            answer, want = asker.ask(rule, line, cell), expected(line, cell)
            asked += 1
            if answer.status_code not in want:
                wrong.append(f"{cell}: {answer.status_code}, not {sorted(want)} at {answer.request.path}")
            elif (
                answer.status_code in (302, 303)
                and cell.visitor.name == "anonymous"
                and line.guard != "public"
            ):
                assert answer.location.split("?")[0] == "/login", str(cell)
            if asker.wrote and answer.status_code >= 400:
                wrong.append(f"{cell}: answered {answer.status_code} and yet wrote")
    record_property("matrix cells", asked)
    assert not wrong, "\n".join([key, *wrong])
