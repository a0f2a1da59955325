"""Django's settings, built from the configuration of this installation."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from fernamt.daemons.configuration import load

CONFIGURATION = load()
SOURCE = Path(__file__).resolve().parent.parent

SECRET_KEY = CONFIGURATION.secrets.django
DEBUG = False
# The web process listens where the settings say; whoever reaches it may name it as they like.
# Links that leave the house are never built from the Host header.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "axes",
    "csp",
    "procrastinate.contrib.django",
    "fernamt.people",
    "fernamt.reception",
    "fernamt.exchange",
    "fernamt.screens",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "fernamt.screens.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "fernamt.screens.access.AccessMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "fernamt.daemons.urls"
ASGI_APPLICATION = "fernamt.daemons.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "fernamt.screens.shell.shell",
            ],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": CONFIGURATION.database,
        "USER": CONFIGURATION.database_user,
        "PASSWORD": CONFIGURATION.secrets.database,
        "HOST": str(CONFIGURATION.postgres_socket),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/anmelden"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/anmelden"

# Ten wrong passwords lock this name from this address for a quarter of an hour.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "fernamt.screens.signing_in.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Two installations on one machine differ by port only, which cookies do not see.
SESSION_COOKIE_NAME = f"fernamt-{CONFIGURATION.web_port}"
CSRF_COOKIE_NAME = f"fernamt-csrf-{CONFIGURATION.web_port}"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "fernamt.screens.errors.request_not_ours"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "media-src": [SELF, "blob:"],
        # The softphone's WebSocket ends at Asterisk, on another port or machine.
        "connect-src": [SELF, "ws:", "wss:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

PROCRASTINATE_IMPORT_PATHS = ["fernamt.daemons.chores"]

LANGUAGE_CODE = "de"
LANGUAGES = [("de", _("German")), ("en", _("English"))]
LOCALE_PATHS = [SOURCE / "locale"]
LANGUAGE_COOKIE_NAME = "fernamt-language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = CONFIGURATION.timezone.key

STATIC_URL = "/static/"
FRONT = CONFIGURATION.front
"""Where the built front end lies; served by the web process itself."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": CONFIGURATION.log_level.upper()},
    "loggers": {
        "axes": {"level": "WARNING"},
        # At their finest they would quote what is sent, and with it callers' numbers.
        "asyncio": {"level": "INFO"},
        "websockets": {"level": "INFO"},
        "psycopg": {"level": "WARNING"},
        # A refused command is an answer, not an incident.
        "django.request": {"level": "ERROR"},
        "procrastinate": {"level": "WARNING"},
    },
}
