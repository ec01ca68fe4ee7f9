"""Writing courses in the browser: scope, bad input, two editors, publishing, versions."""

import pytest
from sqlalchemy import func, select

from pbtrain.courses.models import Course, Lesson
from pbtrain.org.roles import Role
from pbtrain.quizzes.models import Question, QuizVersion
from tests.courses.conftest import page

COURSE = {"title": "示例新课", "minutes": "90", "lang": "zh", "description": "## 说明"}
QUESTION = {"text": "哪个对？", "points": "5", "option": ["甲", "乙", "丙"], "right": ["b"], "version": "0"}


def latest(db, model=Course):
    db.session.rollback()
    return db.session.scalars(select(model).order_by(model.id.desc())).first()


def test_an_author_writes_a_course_and_publishes_it(world, author, reader, db):
    made = author.post("/courses/manage/new", data=COURSE | {"unit_id": world.academy.id})
    course = latest(db)
    base = f"/courses/manage/{course.id}"
    assert made.location == base
    assert author.post(f"{base}/publish").status_code == 422  # no lesson yet
    for title in ("第一课", "第二课"):
        sent = author.post(
            f"{base}/lessons/new", data={"title": title, "minutes": "20", "least": "0", "body": "**正文**"}
        )
        assert sent.status_code == 303
    author.post(f"{base}/quiz/add")
    assert author.post(f"{base}/publish").status_code == 422  # no question yet
    for kind, right in (("single", ["b"]), ("multiple", ["a", "b"]), ("true_false", ["true"])):
        url = f"{base}/quiz/questions/new/{kind}"
        assert author.get(url).status_code == 200
        assert author.post(url, data=QUESTION | {"right": right}).status_code == 303
    assert "<strong>正文</strong>" in page(author.get(f"{base}/preview"))
    assert reader.get(f"/courses/{course.id}").status_code == 404
    assert author.post(f"{base}/publish").status_code == 303
    assert reader.get(f"/courses/{course.id}").status_code == 200
    assert page(author.get(base)).count("pb-lesson__n") == 5
    author.post(f"{base}/withdraw")
    assert reader.get(f"/courses/{course.id}").status_code == 404


def test_new_questions_are_a_new_version(world, make, author, db):
    course = make.course(world.academy, quiz_=make.quiz(world.academy))
    base = f"/courses/manage/{course.id}"
    old = db.session.scalars(select(Question.id).order_by(Question.id)).all()
    assert author.get(f"{base}/quiz/questions/{old[0]}").status_code == 404
    author.post(f"{base}/quiz/revise")
    author.post(f"{base}/quiz/revise")
    assert db.session.scalar(select(func.count(QuizVersion.id))) == 2
    copies = db.session.scalars(select(Question.id).where(Question.id > old[-1]).order_by(Question.id)).all()
    assert len(copies) == 3
    url = f"{base}/quiz/questions/{copies[0]}"
    assert "子" in page(author.get(url))
    assert author.post(url, data=QUESTION | {"version": "1"}).status_code == 303
    author.post(f"{base}/quiz/questions/{copies[2]}/move", data={"to": "up"})
    author.post(f"{base}/quiz/questions/{copies[1]}/remove")
    assert author.post(f"{base}/publish").status_code == 303
    texts = select(Question.text).where(Question.quiz_version_id == latest(db, QuizVersion).id)
    assert db.session.scalars(texts.order_by(Question.position, Question.id)).all() == [
        "哪个对？",
        "示例题目3？",
    ]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"title": ""}, "title"), ({"title": "长" * 101}, "title"), ({"minutes": "0"}, "minutes"),
        ({"minutes": "1441"}, "minutes"), ({"minutes": "九十"}, "minutes"), ({"minutes": "1e3"}, "minutes"),
        ({"due_on": "2026-02-30"}, "due_on"), ({"lang": "xx"}, "lang"), ({"unit_id": "999999"}, "unit_id"),
        ({"unit_id": "x"}, "unit_id"),
    ],
)  # fmt: skip
def test_bad_input_comes_back_beside_its_field(world, author, db, change, word):
    data = COURSE | {"unit_id": world.academy.id} | change
    answer = author.post("/courses/manage/new", data=data)
    assert answer.status_code == 422
    assert f'id="{word}-error"' in page(answer)
    assert latest(db) is None


@pytest.mark.parametrize(
    "change",
    [
        {"option": ["甲"]}, {"right": []}, {"right": ["a", "b"]}, {"right": ["h"]}, {"text": ""},
        {"points": "-1"}, {"points": "1001"}, {"option": ["长" * 301, "乙"]}, {"right": ["zz"]},
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_comes_back_with_its_text(world, make, author, db, change):
    course = make.course(world.academy, state="draft", published_at=None)
    base = f"/courses/manage/{course.id}"
    author.post(f"{base}/quiz/add")
    answer = author.post(f"{base}/quiz/questions/new/single", data=QUESTION | change)
    assert answer.status_code == 422
    assert "pb-err" in page(answer)
    assert ("哪个对？" in page(answer)) == ("text" not in change)
    assert db.session.scalar(select(func.count(Question.id))) == 0


def test_the_second_of_two_editors_sees_both_texts_and_may_then_save(world, make, author, db):
    course = make.course(world.academy)
    url = f"/courses/manage/{course.id}/edit"
    assert author.post(url, data=COURSE | {"title": "先改的", "version": "1"}).status_code == 303
    second = author.post(url, data=COURSE | {"title": "后改的", "version": "1"})
    assert second.status_code == 409
    assert "先改的" in page(second)
    assert "后改的" in page(second)
    assert latest(db).title == "先改的"
    assert 'name="version" type="hidden" value="2"' in page(second)
    assert author.post(url, data=COURSE | {"title": "后改的", "version": "2"}).status_code == 303
    assert latest(db).title == "后改的"


def test_two_editors_of_a_lesson_of_a_question_and_of_the_terms(world, make, author, db):
    course = make.course(world.academy, lessons=1, quiz_=make.quiz(world.academy))
    base = f"/courses/manage/{course.id}"
    author.post(f"{base}/quiz/revise")
    lesson_id, question_id = latest(db, Lesson).id, latest(db, Question).id
    true_false = {"text": "新题", "points": "5", "right": ["true"]}
    terms = {"title": "测验", "pass_mark": "60", "max_attempts": "3", "release": "done"}
    lesson = {"title": "课", "minutes": "10", "least": "0", "body": "新"}
    for url, data in (
        (f"{base}/lessons/{lesson_id}", lesson),
        (f"{base}/quiz/questions/{question_id}", true_false),
        (f"{base}/quiz", terms),
    ):
        assert author.post(url, data=data | {"version": "1"}).status_code == 303, url
        assert author.post(url, data=data | {"version": "1"}).status_code == 409, url
        assert author.post(url, data=data | {"version": "x"}).status_code == 409, url


def test_lessons_change_places_and_published_ones_are_not_removed(world, make, author, db):
    course = make.course(world.academy)
    base = f"/courses/manage/{course.id}"
    first, second, third = db.session.scalars(select(Lesson.id).order_by(Lesson.id)).all()
    author.post(f"{base}/lessons/{third}/move", data={"to": "up"})
    author.post(f"{base}/lessons/{first}/move", data={"to": "up"})
    order = select(Lesson.id).order_by(Lesson.position, Lesson.id)
    assert db.session.scalars(order).all() == [first, third, second]
    assert author.post(f"{base}/lessons/{first}/remove").status_code == 422
    draft = make.course(world.academy, state="draft", published_at=None, lessons=1)
    only = latest(db, Lesson).id
    assert author.post(f"/courses/manage/{draft.id}/lessons/{only}/remove").status_code == 303
    assert latest(db, Lesson).id != only


WRITES = [
    "", "/edit", "/lessons/new", "/lessons/{lesson}", "/quiz", "/preview", "/quiz/questions/new/single",
    "/quiz/questions/{question}", "/publish", "/withdraw", "/lessons/{lesson}/move",
    "/lessons/{lesson}/remove",
    "/quiz/add", "/quiz/remove", "/quiz/revise", "/quiz/questions/{question}/move",
    "/quiz/questions/{question}/remove",
]  # fmt: skip


@pytest.mark.parametrize("path", WRITES)
def test_the_course_of_another_academy_is_not_there(world, make, client_for, db, path):
    course = make.course(world.academy, quiz_=make.quiz(world.academy))
    lesson, question = latest(db, Lesson).id, latest(db, Question).id
    stranger = client_for(make.person(Role.ACADEMY_ADMIN, make.unit(parent=world.root, kind="academy")))
    url = f"/courses/manage/{course.id}" + path.format(lesson=lesson, question=question)
    before = db.session.scalar(select(Course.version).where(Course.id == course.id))
    for method in (stranger.get, stranger.post):
        assert method(url).status_code in (404, 405)
    assert db.session.scalar(select(Course.version).where(Course.id == course.id)) == before


def test_a_lesson_is_not_reached_through_another_course(world, make, author, db):
    mine = make.course(world.academy)
    foreign = make.course(make.unit(parent=world.root, kind="academy"))
    lesson = db.session.scalars(select(Lesson.id).where(Lesson.course_id == foreign.id)).first()
    url = f"/courses/manage/{mine.id}/lessons/{lesson}"
    assert author.get(url).status_code == 404
    assert author.post(f"{url}/move", data={"to": "up"}).status_code == 422


def test_an_author_edits_but_does_not_publish(world, make, client_for):
    course = make.course(world.academy, state="draft", published_at=None)
    writer = client_for(make.person(Role.COURSE_AUTHOR, world.academy))
    assert writer.get(f"/courses/manage/{course.id}").status_code == 200
    assert writer.post(f"/courses/manage/{course.id}/publish").status_code == 403
    both = make.person(Role.COURSE_AUTHOR, world.academy)
    make.grant(both, Role.ACADEMY_ADMIN, make.unit(parent=world.root, kind="academy"))
    assert client_for(both).post(f"/courses/manage/{course.id}/publish").status_code == 403


def test_members_do_not_write(world, make, reader):
    course = make.course(world.academy)
    for url in ("/courses/manage", "/courses/manage/new", f"/courses/manage/{course.id}"):
        assert reader.get(url).status_code == 403


def test_a_quiz_is_taken_off_only_before_the_course_was_published(world, make, author, db):
    draft = make.course(world.academy, state="draft", published_at=None)
    author.post(f"/courses/manage/{draft.id}/quiz/add")
    assert latest(db).quiz_id is not None
    assert author.post(f"/courses/manage/{draft.id}/quiz/remove").status_code == 303
    assert latest(db).quiz_id is None
    published = make.course(world.academy, quiz_=make.quiz(world.academy))
    assert author.post(f"/courses/manage/{published.id}/quiz/remove").status_code == 422
    plain = make.course(world.academy)
    assert author.post(f"/courses/manage/{plain.id}/quiz/add").status_code == 422


def test_lists_ask_the_database_little(world, make, author, statements):
    course = make.course(world.academy, quiz_=make.quiz(world.academy))
    for _ in range(35):
        make.course(world.academy, lessons=1)
    for url in ("/courses/manage", f"/courses/manage/{course.id}", f"/courses/manage/{course.id}/preview"):
        with statements() as sent:
            assert author.get(url).status_code == 200
        assert sent.of_page.count <= 8, f"{url}: {sent}"
