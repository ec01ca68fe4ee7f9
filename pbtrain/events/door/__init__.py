"""Attendance at the door of any event: who is expected, who came and how long, and the hours that follow.

Whoever is expected has a row of `Attendance` with present=False. What other packages call, each inside a
transaction of theirs:

* `people.expect(event_ids, member_ids, guest_ids)`: these people are expected; `people.unexpect(…)` takes it
  back; `people.expect_branch(event_id)`: the roster of the branch and of the other hosts on that day.
* `people.excuse(event_ids, …, reason)`: leave was granted; `people.recall(…)`: it was withdrawn.
* `adding.WAYS`: how somebody who came unexpected is put on the list, by the kind of the unit that holds it.
* `running.open_door(actor, event_id)`, `running.close_door(actor, event_id, …)`: the code is shown; the list
  is final and the hours are posted.
* `marking.correct(actor, event_id, …)`: what a closed list said wrongly, by reversal.
* `running.credit_guest(actor, guest_id)`: the hours of somebody who came as a guest and is a member now.
* `queries.live(event_id)`: who is here, absent and on leave at this moment; `queries.times(event_ids)`: the
  minutes each person was there, of closed lists.
"""
