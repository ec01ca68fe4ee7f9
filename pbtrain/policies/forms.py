"""What the browser may send to write rules: one field for each room of a policy, hours in hours."""

from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from pbtrain.core.formatting import whole_hours
from pbtrain.core.forms import BaseForm, TextField, choices
from pbtrain.core.i18n import _, _l
from pbtrain.hours.activities import EARNING
from pbtrain.hours.policy import CADRE_ACTIVITIES, PolicyRules
from pbtrain.policies.presets import ONLINE_BY_LENGTH, PRESETS
from pbtrain.policies.rules import LABELS, PROOFS

A_COLUMN = NumberRange(0, 2**31 - 1)  # what a column holds
MOST = 999_900  # hundredths: no year has more hours
STEPS = ((1, "0.01"), (10, "0.1"), (25, "0.25"), (50, "0.5"), (100, "1"))
MOST_STEPS = 5  # of the scale by the length of a lesson
KINDS = {key: kind for key, kind in EARNING.items() if key not in CADRE_ACTIVITIES}


class HoursField(TextField):
    """Hours with at most two decimals, kept as hundredths; `empty` allows none."""

    def __init__(self, *args: Any, empty: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.empty = empty
        if empty:
            self.flags.optional = True

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else whole_hours(int(self.data)).replace(",", "")

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None  # what was shown before is no text
        super().process_formdata(valuelist)
        text = (self.data or "").replace("，", ".").replace(",", ".")
        self.data = None
        if not text:
            if self.empty:
                return
            raise ValueError(_("Give the hours."))
        try:
            hundredths = Decimal(text) * 100
        except InvalidOperation:
            hundredths = Decimal("NaN")
        if not hundredths.is_finite() or hundredths != hundredths.to_integral_value():
            raise ValueError(_("Give hours with at most two decimals, such as 45.5."))
        if not 0 <= hundredths <= MOST:
            raise ValueError(_("Give hours between 0 and %(most)s.", most=whole_hours(MOST)))
        self.data = int(hundredths)  # type: ignore[assignment]


class Ticks(SelectMultipleField):
    """Several boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _number(label: Any, least: int, most: int, *, empty: bool = False, **more: Any) -> IntegerField:
    first = Optional() if empty else InputRequired()
    return IntegerField(label, [first, NumberRange(least, most)], **more)


class _PolicyForm(BaseForm):
    """The fields that stand alone; `PolicyForm` adds those of each duty, activity and proof level."""

    keeps_races = True  # what was typed is not lost

    version = IntegerField(validators=[InputRequired(), A_COLUMN])
    effective_on = DateField(_l("In force from"), [InputRequired()])
    target_step = SelectField(_l("A prorated target is rounded up to"), coerce=int)
    minutes_per_hour = _number(_l("Minutes that make one hour"), 1, 240)
    credit_step = SelectField(_l("Converted minutes are rounded to"), coerce=int)
    day_cap = HoursField(_l("At most a day, hours"))
    self_counts = BooleanField(_l("Self-study counts toward the year"))
    self_cap = HoursField(_l("Self-study counts up to, hours a year"), empty=True)
    online_by_length = BooleanField(_l("Online lessons count by their length"))
    online_alone = BooleanField(_l("Online courses are self-study"))
    cadre_target = HoursField(_l("Cadres, township level and below: hours a year"))
    cadre_five_years = HoursField(_l("Cadres, county level and above: hours in five years"))
    cadre_since = _number(_l("A period of five years begins in"), 2000, 2100)
    proxy_limit = HoursField(_l("Who wrote a claim for somebody else approves alone up to, hours"))
    two_eyes_above = HoursField(_l("A second person approves above, hours"), empty=True)
    record_days = _number(_l("Record at the latest so many days afterwards"), 1, 366, empty=True)
    appeal_days = _number(_l("A refusal can be appealed within, days"), 1, 90)
    met_share = _number(_l("A branch has met the year when so many percent of its members have"), 1, 100)
    counts = Ticks(_l("What counts"), choices=[])
    class_for = Ticks(_l("At least one training class a year is asked of"), choices=[])
    new_post_months = _number(
        _l("A new secretary attends a training class within so many months"), 1, 24, empty=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        steps = choices((str(value), label) for value, label in STEPS)
        self.target_step.choices = self.credit_step.choices = steps
        self.counts.choices = choices((key, _(kind.label)) for key, kind in KINDS.items())
        self.class_for.choices = choices((key, _(label)) for key, label in LABELS.items())

    def many(self, prefix: str) -> list[Any]:
        """The fields of one table: "minutes" gives minutes_theme_day, minutes_party_lecture, …"""
        return [self[f"{prefix}_{key}"] for key in (KINDS if prefix in OF_KIND else PROOFS)]

    def steps(self) -> list[tuple[Any, Any]]:
        """The steps of the scale by length: the fields of minutes and of hours."""
        return [(self[f"step_from_{n}"], self[f"step_hours_{n}"]) for n in range(1, MOST_STEPS + 1)]

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """The scale has a step where it is wanted; each is whole, and a longer lesson never brings less."""
        sound = bool(super().validate(*args, **kwargs))
        return sound and not (self.online_by_length.data and _wrong_step(self.steps()))


def _wrong_step(steps: list[tuple[Any, Any]]) -> bool:
    """Say beside its field what is wrong with a scale; False where nothing is."""
    given = []
    for least, hours in steps:
        for one, other in ((least, hours), (hours, least)):
            if one.data is None and other.data is not None:
                one.errors = [*one.errors, _("Give the minutes and the hours of a step, or neither.")]
                return True
        if least.data is not None:
            given.append((least.data, hours.data, least))
    if not given:
        steps[0][0].errors = [_("Give at least one step, or take the tick away.")]
        return True
    given.sort(key=lambda step: step[:2])
    for (least, hours, _field), (more, worth, field) in pairwise(given):
        if more == least or worth <= hours:
            field.errors = [_("More minutes bring more hours: check this step.")]
            return True
    return False


OF_KIND = ("minutes", "cap")
PolicyForm: Any = type(
    "PolicyForm",
    (_PolicyForm,),
    {f"target_{key}": HoursField(_l("Hours a year: %(who)s", who=_l(label))) for key, label in LABELS.items()}
    | {f"minutes_{key}": _number(_l(kind.label), 1, 240, empty=True) for key, kind in KINDS.items()}
    | {f"cap_{key}": HoursField(_l(kind.label), empty=True) for key, kind in KINDS.items()}
    | {f"proof_{key}": HoursField(_l(label), empty=True) for key, label in PROOFS.items()}
    | {f"step_from_{n}": _number(_l("From, minutes"), 1, 1440, empty=True) for n in range(1, MOST_STEPS + 1)}
    | {f"step_hours_{n}": HoursField(_l("Hours"), empty=True) for n in range(1, MOST_STEPS + 1)}
    | {f"share_{key}": _number(_l(label), 0, 100, empty=True) for key, label in PROOFS.items()},
)


class StartForm(BaseForm):
    """Begin a draft: for which year, and a copy of what."""

    year = SelectField(_l("For the year"), coerce=int)
    copy_of = IntegerField(validators=[Optional(), A_COLUMN])


class VersionForm(BaseForm):
    """A button that does something to a draft as it was read."""

    version = IntegerField(validators=[InputRequired(), A_COLUMN])


class PresetForm(VersionForm):
    preset = RadioField(_l("Begin with"), [InputRequired()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preset.choices = choices((key, _(preset.label)) for key, preset in PRESETS.items())


class TrialForm(VersionForm):
    ledger_year = SelectField(_l("On the ledger of"), coerce=int)


def shown(rules: PolicyRules) -> dict[str, Any]:
    """What the fields of the form show of these rules."""
    names = (
        "target_step", "minutes_per_hour", "credit_step", "day_cap", "cadre_target", "cadre_five_years",
        "cadre_since", "proxy_limit", "appeal_days", "met_share",
    )  # fmt: skip
    found: dict[str, Any] = {name: getattr(rules, name) for name in names}
    found |= {
        "self_counts": rules.self_cap > 0,
        "self_cap": rules.self_cap or None,
        "online_by_length": "online_course" in rules.scales,
        "online_alone": rules.modes.get("online_course") == "self",
        "two_eyes_above": rules.two_eyes_above or None,
        "record_days": rules.record_days or None,
        "new_post_months": rules.new_post_months or None,
        "counts": [key for key in KINDS if key not in rules.excluded],
        "class_for": list(rules.class_for),
    }
    found |= {f"target_{key}": rules.targets.get(key, 0) for key in LABELS}
    steps = rules.scales.get("online_course", ONLINE_BY_LENGTH["online_course"])
    for n, (least, worth) in enumerate(steps, start=1):
        found |= {f"step_from_{n}": least, f"step_hours_{n}": worth}
    for key in KINDS:
        found[f"minutes_{key}"] = rules.minutes_by_activity.get(key)
        found[f"cap_{key}"] = rules.activity_caps.get(key)
    for key in PROOFS:
        found[f"proof_{key}"] = rules.proof_caps.get(key)
        found[f"share_{key}"] = rules.proof_shares.get(key)
    return found


def written(form: Any, before: PolicyRules) -> PolicyRules:
    """The rules a valid form says; what has no field stays as it was before."""
    data = form.data

    def table(prefix: str, keys: Any) -> dict[str, int]:
        return {key: data[f"{prefix}_{key}"] for key in keys if data[f"{prefix}_{key}"] is not None}

    scales = {key: steps for key, steps in before.scales.items() if key != "online_course"}
    if data["online_by_length"]:
        pairs = [(least.data, hours.data) for least, hours in form.steps() if least.data is not None]
        scales |= {"online_course": tuple(sorted(pairs))}
    modes = {key: mode for key, mode in before.modes.items() if key != "online_course"}
    return PolicyRules(
        targets=before.targets | table("target", LABELS),
        target_step=data["target_step"],
        class_for=tuple(data["class_for"] or ()),
        new_post_months=data["new_post_months"] or 0,
        minutes_per_hour=data["minutes_per_hour"],
        minutes_by_activity=table("minutes", KINDS),
        scales=scales,
        credit_step=data["credit_step"],
        excluded=tuple(key for key in KINDS if key not in (data["counts"] or ())),
        modes=modes | ({"online_course": "self"} if data["online_alone"] else {}),
        day_cap=data["day_cap"],
        self_cap=(data["self_cap"] or 0) if data["self_counts"] else 0,
        activity_caps=table("cap", KINDS),
        proof_caps=table("proof", PROOFS),
        proof_shares=table("share", PROOFS),
        cadre_activities=before.cadre_activities,
        cadre_target=data["cadre_target"],
        cadre_five_years=data["cadre_five_years"],
        cadre_since=data["cadre_since"],
        proxy_limit=data["proxy_limit"],
        two_eyes_above=data["two_eyes_above"] or 0,
        record_days=data["record_days"] or 0,
        appeal_days=data["appeal_days"],
        met_share=data["met_share"],
    )
