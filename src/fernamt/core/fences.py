"""The first fence between authorities: tables that refuse a question without a scope."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models

from fernamt.core.errors import OurError

M = TypeVar("M", bound=models.Model)


class UnscopedQuery(OurError):
    """A table of the authorities was asked without saying on whose behalf."""

    code = "unscoped-query"


class FencedManager(models.Manager[M]):
    """A manager that answers only within a scope.

    ``of(authorities)`` is the way for everything that belongs to an authority's eyes;
    ``unfenced(reason)`` for the conductor's side and for the service centre as a whole.
    """

    def __init__(self, authority_path: str = "authority__key") -> None:
        """Remember where a row of this table finds the key of its authority."""
        super().__init__()
        self.authority_path = authority_path

    def get_queryset(self) -> models.QuerySet[M]:
        """Refuse: neither ``all()`` nor ``filter()`` says on whose behalf.

        Raises:
            UnscopedQuery: Always.
        """
        raise UnscopedQuery(table=self.model._meta.db_table)

    def of(self, authorities: Iterable[str]) -> models.QuerySet[M]:
        """Return the rows of the *authorities* named by key; none named, no rows."""
        return self._rows().filter(**{f"{self.authority_path}__in": list(authorities)})

    def unfenced(self, *, reason: str) -> models.QuerySet[M]:
        """Return the rows of every authority.

        Args:
            reason: Why this may see across the fence; for the reader of the code.
        """
        if not reason.strip():
            raise UnscopedQuery(table=self.model._meta.db_table)
        return self._rows()

    def create(self, **values: Any) -> M:
        """Write a row; it names its authority itself."""
        return self._rows().create(**values)

    def _rows(self) -> models.QuerySet[M]:
        return models.QuerySet(self.model, using=self._db)
