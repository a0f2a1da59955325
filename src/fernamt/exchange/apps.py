"""Exchange: the life of a call."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Register the room with Django."""

    name = "fernamt.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"
