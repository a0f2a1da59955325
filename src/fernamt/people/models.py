"""Accounts sign in; agents take calls."""

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

NONE = models.Value({}, output_field=models.JSONField())


class Role(models.TextChoices):
    """What an account may do."""

    AGENT = "agent", _("Agent")
    SUPERVISOR = "supervisor", _("Supervisor")
    OPERATOR = "operator", _("Operator")


class AccountManager(BaseUserManager["Account"]):
    """Find accounts and make new ones."""

    def create_user(self, username: str, password: str | None = None, **values: Any) -> "Account":
        """Return a new account; without a password nobody can sign in to it."""
        account = self.model(username=self.model.normalize_username(username), **values)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """A person who signs in."""

    username = models.CharField(
        _("user name"), max_length=150, unique=True, error_messages={"unique": _("Already taken.")}
    )
    name = models.CharField(_("name"), max_length=200)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.AGENT)
    is_active = models.BooleanField(_("may sign in"), default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = AccountManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    def __str__(self) -> str:
        """The person's name."""
        return self.name or self.username


class Agent(models.Model):
    """Who takes calls: a person with an account, or a robot of the demonstration without one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.OneToOneField(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="agent"
    )
    name = models.CharField(_("display name"), max_length=200)
    skills = models.JSONField(_("skills"), default=dict, db_default=NONE, blank=True)
    """Skill -> level, 1 to 5."""

    def __str__(self) -> str:
        """The name as callers hear it."""
        return self.name
