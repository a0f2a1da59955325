"""Reception: whose call is it, and how is it treated."""

from django.apps import AppConfig


class ReceptionConfig(AppConfig):
    """Register the room with Django."""

    name = "fernamt.reception"
    label = "reception"
    default_auto_field = "django.db.models.BigAutoField"
