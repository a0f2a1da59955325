"""People: accounts, roles, agents and their skills."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Register the room with Django."""

    name = "fernamt.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
