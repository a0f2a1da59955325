"""What PostgreSQL itself holds to: append-only tables, and notices of a change."""

from django.db.migrations.operations import RunSQL


def append_only(table: str) -> RunSQL:
    """Return the migration by which *table* refuses that a row is changed or deleted."""
    return RunSQL(
        sql=f"""
        CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{table} is append-only: append a correction instead'
                USING ERRCODE = 'restrict_violation';
        END $$;
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only();
        """,
        reverse_sql=f"""
        DROP TRIGGER append_only ON {table};
        DROP FUNCTION {table}_is_append_only();
        """,
    )


def notify_of_changes(table: str, *, channel: str) -> RunSQL:
    """Return the migration by which every change of *table* is told on *channel*, once a commit."""
    return RunSQL(
        sql=f"""
        CREATE FUNCTION {table}_tells() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('{channel}', '');
            RETURN NULL;
        END $$;
        CREATE TRIGGER tells AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_tells();
        """,
        reverse_sql=f"""
        DROP TRIGGER tells ON {table};
        DROP FUNCTION {table}_tells();
        """,
    )


def notify_of_row(table: str, *, channel: str, key: str) -> RunSQL:
    """Return the migration by which each new row of *table* is told on *channel* by its *key*."""
    return RunSQL(
        sql=f"""
        CREATE FUNCTION {table}_tells() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('{channel}', NEW.{key}::text);
            RETURN NULL;
        END $$;
        CREATE TRIGGER tells AFTER INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_tells();
        """,
        reverse_sql=f"""
        DROP TRIGGER tells ON {table};
        DROP FUNCTION {table}_tells();
        """,
    )
