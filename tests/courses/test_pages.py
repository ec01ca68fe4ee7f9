"""The pages a member sees: the whole way, the secrecy of the key, what strangers get, how much is asked."""

import re

import pytest
from sqlalchemy import select, update

from pbtrain.core.db import transaction
from pbtrain.courses.models import Enrolment, Lesson
from pbtrain.hours.models import HourEntry
from pbtrain.quizzes.models import Answer, Attempt, Question
from tests.courses.conftest import page

SECRET = "只有放行后才能看到的解析"
QUESTIONS = [
    {"kind": "single", "options": {"a": "子", "b": "丑", "c": "寅"}, "key": ["b"], "points": 300,
     "explanation": SECRET},
    {"kind": "multiple", "options": {"a": "甲", "b": "乙", "c": "丙"}, "key": ["a", "c"], "points": 400,
     "explanation": SECRET},
    {"kind": "true_false", "options": {}, "key": ["true"], "points": 300, "explanation": SECRET},
]  # fmt: skip
RIGHT = ({"丑"}, {"甲", "丙"}, {"对"})


def letters(text, wanted):
    """The values of the choices with these texts, as a browser would send them."""
    found = re.findall(
        r'name="answer"\s+value="(\w)".*?<span>\s*(?:<b[^>]*>\w</b>)?([^<]*)</span>', text, re.S
    )
    assert len(found) >= 2
    return [value for value, label in found if label in wanted]


@pytest.fixture
def sat(world, make, reader, db):
    """A member with all lessons done, in the first attempt at the quiz."""
    course = make.course(world.academy, quiz_=make.quiz(world.academy, QUESTIONS, max_attempts=2))
    make.enrolment(course, world.member, done=3)
    begun = reader.post(f"/courses/{course.id}/quiz/start")
    assert begun.status_code == 303
    attempt_id = db.session.scalar(select(Attempt.id).order_by(Attempt.id.desc()))
    assert begun.location == f"/courses/attempts/{attempt_id}/1"
    return course, attempt_id


def answer_all(reader, attempt_id):
    for number, wanted in enumerate(RIGHT, 1):
        url = f"/courses/attempts/{attempt_id}/{number}"
        values = letters(page(reader.get(url)), wanted)
        assert reader.post(url, data={"answer": values, "go": "review"}).status_code == 303


def test_the_whole_way_from_the_catalogue_to_the_hours(world, make, reader, db):
    course = make.course(world.academy, quiz_=make.quiz(world.academy, QUESTIONS))
    assert course.title in page(reader.get("/courses/"))
    text = page(reader.get(f"/courses/{course.id}"))
    assert "2.0" in text  # 90 minutes by the policy
    reader.post(f"/courses/{course.id}/enrol")
    lesson_ids = db.session.scalars(select(Lesson.id).order_by(Lesson.position)).all()
    for lesson_id in lesson_ids:
        url = f"/courses/{course.id}/lessons/{lesson_id}"
        assert reader.get(url).status_code == 200
        went_on = reader.post(f"{url}/done")
    assert went_on.location == f"/courses/{course.id}/quiz"
    assert reader.get(went_on.location).status_code == 200
    begun = reader.post(f"/courses/{course.id}/quiz/start")
    attempt_id = int(begun.location.split("/")[3])
    answer_all(reader, attempt_id)
    handed = reader.post(f"/courses/attempts/{attempt_id}/submit")
    assert handed.location == f"/courses/attempts/{attempt_id}"
    assert SECRET in page(reader.get(handed.location))
    assert db.session.scalars(select(HourEntry.minutes)).all() == [90]
    assert db.session.scalar(select(Enrolment.state)) == "finished"
    assert reader.get(f"/courses/{course.id}").status_code == 200


def every_page(reader, course, attempt_id):
    """All a browser can get of an attempt, autosave and refusals included."""
    base = f"/courses/attempts/{attempt_id}"
    urls = [f"/courses/{course.id}", f"/courses/{course.id}/quiz", base, f"{base}/review"]
    urls += [f"{base}/{number}" for number in (1, 2, 3, 4)]
    urls += [f"/courses/?q={course.title}"]
    texts = [page(reader.get(url, follow_redirects=True)) for url in urls]
    for number in (1, 2, 3):
        for body in ({"answer": "A"}, {"answer": ["A", "B"]}, {"answer": "Z"}, {}):
            texts.append(page(reader.post(f"{base}/{number}/save", data=body)))
            texts.append(
                page(reader.post(f"{base}/{number}", data=body | {"go": "review"}, follow_redirects=True))
            )
    return [re.sub(r"ref(erence)?[^<]{0,40}<[^>]*>[0-9a-f]{8}|[0-9a-f]{8}", "", text) for text in texts]


def test_before_release_no_page_depends_on_the_key(sat, reader, db):
    """The same attempt with another key gives the same bytes: nothing of the key is in any answer."""
    course, attempt_id = sat
    every_page(reader, course, attempt_id)  # brings the answers into their last state
    before = every_page(reader, course, attempt_id)
    with transaction() as session:
        session.execute(update(Question).where(Question.kind == "single").values(key=["c"]))
        session.execute(update(Question).where(Question.kind == "multiple").values(key=["b"]))
        session.execute(update(Question).where(Question.kind == "true_false").values(key=["false"]))
    assert every_page(reader, course, attempt_id) == before
    assert not any(SECRET in text for text in before)


def test_a_failed_attempt_with_tries_left_tells_the_sum_only(sat, reader):
    course, attempt_id = sat
    reader.post(f"/courses/attempts/{attempt_id}/submit")
    text = page(reader.get(f"/courses/attempts/{attempt_id}"))
    assert SECRET not in text
    assert QUESTIONS[0]["options"]["b"] not in text
    reader.post(f"/courses/{course.id}/quiz/start")
    assert all(SECRET not in each for each in every_page(reader, course, attempt_id + 1))
    reader.post(f"/courses/attempts/{attempt_id + 1}/submit")
    assert SECRET in page(reader.get(f"/courses/attempts/{attempt_id}"))
    assert reader.post(f"/courses/{course.id}/quiz/start").status_code == 422


def test_submitting_twice_shows_the_same_page(sat, reader):
    _course, attempt_id = sat
    answer_all(reader, attempt_id)
    pages = [
        page(reader.post(f"/courses/attempts/{attempt_id}/submit", follow_redirects=True)) for _ in range(2)
    ]
    assert pages[0] == pages[1]


def test_an_answer_after_the_submission_is_a_409(sat, reader, db):
    _course, attempt_id = sat
    reader.post(f"/courses/attempts/{attempt_id}/submit")
    assert reader.post(f"/courses/attempts/{attempt_id}/1/save", data={"answer": "A"}).status_code == 409
    assert reader.post(f"/courses/attempts/{attempt_id}/1", data={"answer": "A"}).status_code == 409
    assert db.session.scalars(select(Answer.id)).all() == []


def test_after_the_time_the_page_offers_to_hand_in(world, make, reader, frozen):
    course = make.course(world.academy, quiz_=make.quiz(world.academy, QUESTIONS, time_limit=5))
    make.enrolment(course, world.member, done=3)
    first = reader.post(f"/courses/{course.id}/quiz/start").location
    assert "5:00" in page(reader.get(first))
    frozen.shift(minutes=6)
    assert reader.get(first).location.endswith("/review")
    assert reader.post(f"{first}/save", data={"answer": "A"}).status_code == 409
    review = reader.get(reader.get(first).location)
    assert review.status_code == 200
    assert reader.post(first.rsplit("/", 1)[0] + "/submit", follow_redirects=True).status_code == 200


def test_the_attempt_of_another_is_not_there(sat, world, make, client_for):
    _course, attempt_id = sat
    stranger = client_for(make.member(world.branch))
    base = f"/courses/attempts/{attempt_id}"
    for url in (base, f"{base}/1", f"{base}/review"):
        assert stranger.get(url).status_code == 404
    for url in (f"{base}/1", f"{base}/1/save", f"{base}/submit"):
        assert stranger.post(url, data={"answer": "A"}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/courses/{draft}"), ("post", "/courses/{draft}/enrol"), ("get", "/courses/{draft}/quiz"),
        ("get", "/courses/{other}/lessons/{lesson}"), ("post", "/courses/{other}/lessons/{lesson}/beat"),
        ("get", "/courses/999999"), ("get", "/courses/99999999999999999999"), ("get", "/courses/?after=0"),
        ("get", "/courses/?before=abc"), ("get", "/courses/?show=x"), ("get", "/courses/attempts/1/0"),
    ],
)  # fmt: skip
def test_what_is_not_open_to_a_member_is_not_there(world, make, reader, db, method, path):
    draft = make.course(world.academy, state="draft", quiz_=make.quiz(world.academy))
    other = make.course(world.academy)
    lesson = db.session.scalar(select(Lesson.id).where(Lesson.course_id == draft.id))
    url = path.format(draft=draft.id, other=other.id, lesson=lesson)
    assert getattr(reader, method)(url).status_code == 404


def test_a_locked_lesson_leads_back_to_the_course(world, make, reader, db):
    course = make.course(world.academy)
    make.enrolment(course, world.member)
    second = db.session.scalars(select(Lesson.id).order_by(Lesson.position)).all()[1]
    assert reader.get(f"/courses/{course.id}/lessons/{second}").location == f"/courses/{course.id}"
    refused = reader.post(f"/courses/{course.id}/lessons/{second}/done")
    assert refused.status_code == 422


def test_search_finds_by_title_and_academy_and_takes_no_wildcards(world, make, reader):
    make.course(world.academy, title="基层治理百问")
    make.course(world.academy, title="边境党课")
    assert "边境党课" not in page(reader.get("/courses/?q=治理"))
    assert "基层治理百问" in page(reader.get("/courses/?q=治理 党校"))
    assert "边境党课" not in page(reader.get("/courses/?q=%25"))
    assert "边境党课" not in page(reader.get("/courses/?show=active"))


def test_a_heartbeat_is_four_statements(world, make, reader, db, statements):
    course = make.course(world.academy)
    make.enrolment(course, world.member)
    first = db.session.scalars(select(Lesson.id).order_by(Lesson.position)).first()
    url = f"/courses/{course.id}/lessons/{first}/beat"
    for _ in range(2):
        with statements() as sent:
            assert reader.post(url).status_code == 204
        assert sent.of_page.count <= 4, sent


def test_pages_ask_the_database_little(sat, world, make, reader, statements):
    course, attempt_id = sat
    lesson_url = f"/courses/{course.id}/lessons/{first_lesson(course)}"
    for number in range(25):
        make.course(world.academy, title=f"更多课程{number}")
    base = f"/courses/attempts/{attempt_id}"
    for url in ("/courses/", f"/courses/{course.id}", lesson_url, f"/courses/{course.id}/quiz", f"{base}/1",
                f"{base}/review"):  # fmt: skip
        with statements() as sent:
            assert reader.get(url).status_code == 200
        assert sent.of_page.count <= 8, f"{url}: {sent}"
    with statements() as sent:
        assert reader.post(f"{base}/1/save", data={"answer": "A"}).status_code == 204
    assert sent.of_page.count <= 4, sent
    with statements() as sent:
        reader.post(f"{base}/submit")
    assert sent.of_page.count <= 8, sent
    with statements() as sent:
        reader.get(base)
    assert sent.of_page.count <= 8, sent
    begin = f"/courses/{course.id}/quiz/start"
    with statements() as sent:
        assert reader.post(begin).status_code == 303
    assert sent.of_page.count <= 8, sent


def first_lesson(course):
    from pbtrain.core.db import db

    return db.session.scalar(
        select(Lesson.id).where(Lesson.course_id == course.id).order_by(Lesson.position).limit(1)
    )
