"""What was sent with a form: pictures drawn anew and papers checked, before any row is locked."""

from pbtrain.core import images, papers
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import BaseForm
from pbtrain.core.images import Picture
from pbtrain.events import rules


def pictures_of(form: BaseForm) -> list[tuple[Picture, str]]:
    """The pictures with their names; what cannot be one stands beside the field `photos`."""
    sent, pictures = [file for file in form["photos"].data or () if file], []
    try:
        rules.check_photos(len(sent))
        for file in sent:
            pictures.append((images.redraw(file.read(), field="photos"), file.filename or ""))
    except RuleError as error:
        form.blame(error)
    return pictures


def papers_of(form: BaseForm) -> list[tuple[bytes, str]]:
    """The attachments with their names; what is no PDF stands beside the field `papers`."""
    sent, found = [file for file in form["papers"].data or () if file], []
    try:
        rules.check_papers(len(sent))
        for file in sent:
            content = file.read()
            papers.check(content, field="papers")
            found.append((content, file.filename or ""))
    except RuleError as error:
        form.blame(error)
    return found
