"""Sitting a quiz through its services: limits, deadlines, one submission, frozen versions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.quizzes import queries, services
from pbtrain.quizzes.models import Answer, Attempt, Question
from pbtrain.quizzes.services import writing

RIGHT = {1: ["b"], 2: ["a", "c"], 3: ["true"]}


@pytest.fixture
def learner(make):
    """A member as services want them."""
    return make.actor(make.member())


def begin(actor, quiz):
    with transaction():
        return services.start(actor, quiz.id)


def answer(actor, attempt_id, number, options, flagged=None):
    asked = queries.asked(actor.member_id, attempt_id, number)
    letters = [choice.letter for choice in asked.choices if choice.option in options]
    with transaction():
        services.save_answer(actor, asked, letters, flagged=flagged)


def submit(actor, attempt_id):
    with transaction():
        return services.submit(actor, attempt_id)


def test_a_perfect_paper_passes_with_every_point(make, learner, db):
    quiz = make.quiz()
    attempt_id = begin(learner, quiz)
    for number, options in RIGHT.items():
        answer(learner, attempt_id, number, options)
    assert submit(learner, attempt_id).passed
    done = queries.result(learner.member_id, attempt_id)
    assert (done.score, done.possible, done.left, done.released) == (1000, 1000, 0, True)
    assert db.session.scalars(select(Answer.earned).order_by(Answer.question_id)).all() == [300, 400, 300]
    actions = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["quiz.started", "quiz.submitted"]


def test_a_part_of_the_right_choices_earns_a_part_a_wrong_one_nothing(make, learner):
    quiz = make.quiz()
    attempt_id = begin(learner, quiz)
    answer(learner, attempt_id, 1, ["a"])
    answer(learner, attempt_id, 2, ["a", "b"])
    answer(learner, attempt_id, 2, ["c"])  # the last saved state counts
    submit(learner, attempt_id)
    assert queries.result(learner.member_id, attempt_id).score == 200


def test_an_empty_attempt_earns_nothing_and_is_over(make, learner):
    quiz = make.quiz()
    outcome = submit(learner, begin(learner, quiz))
    done = queries.result(learner.member_id, outcome.attempt_id)
    assert (outcome.passed, done.score, done.possible, done.left) == (False, 0, 1000, 2)


def test_submitting_twice_is_submitting_once(make, learner, db):
    attempt_id = begin(learner, make.quiz())
    answer(learner, attempt_id, 1, ["b"])
    first, second = submit(learner, attempt_id), submit(learner, attempt_id)
    assert (first.first, second.first) == (True, False)
    assert first.passed == second.passed
    count = select(func.count()).where(AuditEvent.action == "quiz.submitted")
    assert db.session.scalar(count) == 1


def test_answers_after_the_submission_are_refused_and_change_nothing(make, learner, db):
    attempt_id = begin(learner, make.quiz())
    answer(learner, attempt_id, 1, ["a"])
    submit(learner, attempt_id)
    with pytest.raises(Conflict):
        answer(learner, attempt_id, 1, ["b"])
    assert db.session.scalar(select(Answer.chosen)) == ["a"]


def test_nobody_touches_the_attempt_of_another(make, learner):
    attempt_id = begin(learner, make.quiz())
    stranger = make.actor(make.member())
    assert queries.asked(stranger.member_id, attempt_id, 1) is None
    assert queries.paper(stranger.member_id, attempt_id) is None
    assert submit(stranger, attempt_id) is None
    asked = queries.asked(learner.member_id, attempt_id, 1)
    with pytest.raises(Conflict), transaction():
        services.save_answer(stranger, asked, ["A"])


@pytest.mark.parametrize(
    ("late", "kept", "by_clock"), [(-1, True, False), (0, True, False), (1, True, False), (29, True, False),
                                   (30, True, False), (31, False, True)]
)  # fmt: skip
def test_the_server_decides_what_came_in_time(make, learner, db, frozen, late, kept, by_clock):
    quiz = make.quiz(time_limit=10)
    attempt_id = begin(learner, quiz)
    answer(learner, attempt_id, 1, ["b"])
    frozen.shift(minutes=10, seconds=late)
    if kept:
        answer(learner, attempt_id, 3, ["true"])
    else:
        with pytest.raises(Conflict):
            answer(learner, attempt_id, 3, ["true"])
    submit(learner, attempt_id)
    done = queries.result(learner.member_id, attempt_id)
    assert (done.score, done.by_clock) == (600 if kept else 300, by_clock)


def test_an_attempt_whose_time_is_over_is_found_and_closed_by_the_clock(make, learner, frozen):
    attempt_id = begin(learner, make.quiz(time_limit=10))
    answer(learner, attempt_id, 1, ["b"])
    frozen.shift(minutes=10, seconds=29)
    assert queries.overdue_attempts(10) == []
    frozen.shift(seconds=2)
    assert [row.id for row in queries.overdue_attempts(10)] == [attempt_id]
    assert submit(None, attempt_id).first
    assert queries.overdue_attempts(10) == []


def test_no_more_attempts_than_allowed_and_the_key_only_after_the_last(make, learner):
    quiz = make.quiz(max_attempts=2)
    first = submit(learner, begin(learner, quiz)).attempt_id
    done = queries.result(learner.member_id, first)
    assert (done.released, queries.released_key(learner.member_id, done)) == (False, [])
    second = begin(learner, quiz)
    assert not queries.result(learner.member_id, first).released
    submit(learner, second)
    done = queries.result(learner.member_id, first)
    assert done.released
    assert [sorted(mark.right) for mark in queries.released_key(learner.member_id, done)] == [
        ["b"],
        ["a", "c"],
        ["true"],
    ]
    with pytest.raises(RuleError, match="No attempts"):
        begin(learner, quiz)


def test_the_database_itself_refuses_one_attempt_too_many(make, learner, db):
    quiz = make.quiz(max_attempts=1)
    submit(learner, begin(learner, quiz))
    row = db.session.execute(select(Attempt)).scalar_one()
    with pytest.raises(IntegrityError):
        make.save(
            Attempt(
                quiz_id=quiz.id, quiz_version_id=row.quiz_version_id, member_id=row.member_id,
                number=2, max_attempts=1, pass_mark=60, seed=1,
            )
        )  # fmt: skip


def test_a_key_that_is_never_released_stays(make, learner):
    quiz = make.quiz(max_attempts=1, release="never")
    done = queries.result(learner.member_id, submit(learner, begin(learner, quiz)).attempt_id)
    assert not done.released


def test_after_passing_nothing_is_begun_again(make, learner):
    quiz = make.quiz(pass_mark=30)
    attempt_id = begin(learner, quiz)
    answer(learner, attempt_id, 1, ["b"])
    assert submit(learner, attempt_id).passed
    with pytest.raises(RuleError, match="passed"):
        begin(learner, quiz)


def test_twenty_at_once_get_one_attempt_and_never_more_than_allowed(app, make, learner, db):
    quiz = make.quiz(max_attempts=3)
    quiz_id, barrier = quiz.id, Barrier(20)

    def rush(number):
        barrier.wait()
        with app.app_context():
            try:
                with transaction():
                    attempt_id = services.start(learner, quiz_id)
                if number % 2:
                    with transaction():
                        services.submit(learner, attempt_id)
                return attempt_id
            except RuleError:
                return None

    for _round in range(4):
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(rush, range(20)))
        db.session.rollback()
        running = db.session.scalar(select(func.count()).where(Attempt.submitted_at.is_(None)))
        assert running <= 1
    numbers = db.session.scalars(select(Attempt.number).order_by(Attempt.number)).all()
    assert numbers == [1, 2, 3]


def test_saving_and_submitting_at_once_leaves_no_answer_ungraded(app, make, learner, db):
    quiz = make.quiz(max_attempts=1)
    attempt_id = begin(learner, quiz)
    barrier = Barrier(8)
    asked = queries.asked(learner.member_id, attempt_id, 1)

    def rush(number):
        barrier.wait()
        with app.app_context():
            try:
                with transaction():
                    if number == 7:
                        services.submit(learner, attempt_id)
                    else:
                        services.save_answer(learner, asked, ["ABC"[number % 3]])
            except Conflict:
                return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(rush, range(8)))
    db.session.rollback()
    saved = db.session.execute(select(Answer.chosen, Answer.earned)).all()
    assert all(row.earned == (300 if row.chosen == ["b"] else 0) for row in saved)


def test_changing_questions_after_a_result_changes_no_result(make, learner, db):
    quiz = make.quiz(max_attempts=1)
    attempt_id = begin(learner, quiz)
    answer(learner, attempt_id, 1, ["b"])
    submit(learner, attempt_id)
    before = queries.result(learner.member_id, attempt_id)
    key_before = queries.released_key(learner.member_id, before)
    with transaction():
        draft = services.begin_draft(None, quiz.id)
        for question in queries.questions_of(draft):
            wanted = writing.Wanted("single", "改了的题", {"a": "新甲", "b": "新乙"}, ["a"], 100)
            services.edit_question(None, quiz.id, question.id, question.version, wanted)
        services.publish(None, quiz.id)
    after = queries.result(learner.member_id, attempt_id)
    assert after == before
    assert queries.released_key(learner.member_id, after) == key_before
    other = make.actor(make.member())
    assert queries.asked(other.member_id, begin(other, quiz), 1).text == "改了的题"


def test_a_running_attempt_keeps_its_version_and_its_conditions(make, learner, db):
    quiz = make.quiz(pass_mark=30)
    attempt_id = begin(learner, quiz)
    with transaction():
        services.begin_draft(None, quiz.id)
        services.publish(None, quiz.id)
        services.edit_terms(None, quiz.id, 1, pass_mark=100)
    answer(learner, attempt_id, 1, ["b"])
    assert submit(learner, attempt_id).passed


def test_published_questions_are_not_edited(make, db):
    quiz = make.quiz()
    question = db.session.scalars(select(Question).order_by(Question.id)).first()
    wanted = writing.Wanted("single", "改", {"a": "甲", "b": "乙"}, ["a"], 100)
    with pytest.raises(RuleError), transaction():
        services.edit_question(None, quiz.id, question.id, 1, wanted)
    with pytest.raises(RuleError), transaction():
        services.remove_question(None, quiz.id, question.id)
    assert queries.question_of(quiz.id, question.id) is None


def test_of_two_editors_of_a_question_the_second_is_told(make, db):
    quiz = make.quiz()
    with transaction():
        draft = services.begin_draft(None, quiz.id)
    question = queries.questions_of(draft)[0]
    question_id = question.id
    wanted = writing.Wanted("single", "先改", {"a": "甲", "b": "乙"}, ["a"], 100)
    with transaction():
        services.edit_question(None, quiz.id, question_id, 1, wanted)
    with pytest.raises(Conflict), transaction():
        services.edit_question(None, quiz.id, question_id, 1, wanted)


@pytest.mark.parametrize("questions", [[], [{"kind": "true_false", "key": ["true"], "points": 0}]])
def test_a_quiz_nobody_could_pass_is_not_published(make, questions):
    quiz = make.quiz(questions=questions)
    with transaction():
        services.begin_draft(None, quiz.id)
    with pytest.raises(RuleError), transaction():
        services.publish(None, quiz.id)


def test_questions_change_places(make):
    quiz = make.quiz()
    with transaction():
        draft = services.begin_draft(None, quiz.id)
    first, second, third = [question.id for question in queries.questions_of(draft)]
    with transaction():
        services.move_question(None, quiz.id, third, -1)
        services.move_question(None, quiz.id, first, -1)
    assert [question.id for question in queries.questions_of(draft)] == [first, third, second]


def test_a_mark_to_look_again_is_kept_beside_the_answer(make, learner):
    attempt_id = begin(learner, make.quiz())
    answer(learner, attempt_id, 1, ["b"], flagged=True)
    answer(learner, attempt_id, 1, ["a"])
    paper = queries.paper(learner.member_id, attempt_id)
    assert (paper.answered, paper.flagged) == (1, 1)
    assert paper.seconds_left(clock.now() + timedelta(days=1)) is None


def test_letters_do_not_follow_the_order_of_the_author(make, db):
    """Authors tend to write the right choice first: neither the letter nor its place may tell."""
    quiz = make.quiz(
        questions=[{"kind": "single", "options": {o: o for o in "abcd"}, "key": ["a"], "points": 100}]
    )
    letters = set()
    for _ in range(12):
        actor = make.actor(make.member())
        attempt_id = begin(actor, quiz)
        with transaction() as session:
            session.execute(update(Attempt).where(Attempt.id == attempt_id).values(seed=attempt_id * 7919))
        asked = queries.asked(actor.member_id, attempt_id, 1)
        letters.add(next(choice.letter for choice in asked.choices if choice.option == "a"))
    assert len(letters) >= 3


def test_the_terms_name_the_questions_of_this_quiz_and_no_other(make):
    make.quiz(questions=[{"kind": "true_false", "key": ["true"], "points": 100}])
    quiz = make.quiz()
    make.quiz(questions=[])
    assert queries.terms(quiz.id).questions == 3
    with transaction():
        services.begin_draft(None, quiz.id)
        services.add_question(None, quiz.id, writing.Wanted("true_false", "新", {}, ["true"], 100))
    assert queries.terms(quiz.id).questions == 3
    with transaction():
        services.publish(None, quiz.id)
    assert queries.terms(quiz.id).questions == 4
