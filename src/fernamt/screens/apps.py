"""Screens: what people see, a folder per person."""

from django.apps import AppConfig


class ScreensConfig(AppConfig):
    """Register templates and views with Django."""

    name = "fernamt.screens"
    label = "screens"
