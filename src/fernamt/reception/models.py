"""Authorities, the lines on which they are called, and when those are served."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

E164 = RegexValidator(r"^\+[1-9][0-9]{3,14}$", _("A number as +49537182370."))
COLOUR = RegexValidator(r"^#[0-9a-fA-F]{6}$", _("A colour as #004b76."))


class Authority(models.Model):
    """The client whose calls are answered in its own name."""

    key = models.SlugField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    spoken_name = models.CharField(_("name as spoken"), max_length=200)
    short_name = models.CharField(_("short name"), max_length=60)
    colour = models.CharField(_("colour"), max_length=7, validators=[COLOUR])

    class Meta:
        """Named in the order people look for them."""

        ordering = ["name"]
        verbose_name = _("authority")
        verbose_name_plural = _("authorities")

    def __str__(self) -> str:
        """The full name."""
        return self.name


class Line(models.Model):
    """A number that callers dial: it says whose call it is."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="lines")
    number = models.CharField(_("number"), max_length=16, unique=True, validators=[E164])
    """E.164, as ``+49537182370``."""
    written = models.CharField(_("number as written"), max_length=40)
    """As the authority prints it: ``05371 82-370``."""
    name = models.CharField(_("name"), max_length=120)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    greeting = models.TextField(_("greeting, spoken"), blank=True)
    closed_announcement = models.TextField(_("announcement when closed, spoken"), blank=True)
    sentence = models.TextField(_("what the agent says"), blank=True)
    """``{name}`` stands for the agent's name."""
    fallback_number = models.CharField(
        _("fallback number"), max_length=16, blank=True, validators=[E164]
    )
    priority = models.SmallIntegerField(_("priority"), default=0, db_default=0)
    skills = models.JSONField(_("skills needed"), default=dict, blank=True)
    """Skill -> least level, 1 to 5."""
    widen_after_seconds = models.PositiveIntegerField(
        _("any agent after seconds"), null=True, blank=True
    )
    ring_seconds = models.PositiveSmallIntegerField(_("seconds to ring"), default=20, db_default=20)
    wrap_up_seconds = models.PositiveSmallIntegerField(
        _("seconds for the wrap-up"), default=60, db_default=60
    )
    is_live = models.BooleanField(_("in service"), default=False, db_default=False)

    class Meta:
        """By authority, then by number."""

        ordering = ["authority__name", "number"]
        verbose_name = _("line")
        verbose_name_plural = _("lines")

    def __str__(self) -> str:
        """Name and number as people write them."""
        return f"{self.name} {self.written}"


class Day(models.IntegerChoices):
    """A day of the week, or a public holiday whatever its weekday."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")
    HOLIDAY = 7, _("Public holiday")


class ServiceHours(models.Model):
    """When an authority's lines are served, in local time.

    Rows that name a line replace the authority's for that line.
    """

    authority = models.ForeignKey(Authority, on_delete=models.CASCADE, related_name="hours")
    line = models.ForeignKey(
        Line, null=True, blank=True, on_delete=models.CASCADE, related_name="hours"
    )
    weekday = models.SmallIntegerField(_("day"), choices=Day.choices)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))
    """Exclusive; 00:00 is the end of the day."""

    class Meta:
        """In the order of the week."""

        ordering = ["authority", "line", "weekday", "opens"]
        verbose_name = _("service hours")
        verbose_name_plural = _("service hours")
        constraints = [
            models.CheckConstraint(
                name="closes_after_it_opens",
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes="00:00"),
            ),
            models.CheckConstraint(
                name="weekday_exists", condition=models.Q(weekday__gte=0, weekday__lte=7)
            ),
        ]

    def __str__(self) -> str:
        """As a sign at a door has it."""
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"
