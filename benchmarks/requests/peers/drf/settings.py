"""Settings of Django: what an API without pages, forms and an admin needs."""

from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.requests.peers.common.environment import environment

_url = urlsplit(environment().database_url)
_query = parse_qs(_url.query)

DEBUG = False
ALLOWED_HOSTS = ["*"]
SECRET_KEY = "peers sign nothing with it"  # noqa: S105 — tokens have keys of their own
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
ROOT_URLCONF = "benchmarks.requests.peers.drf.urls"
APPEND_SLASH = False
INSTALLED_APPS = ["benchmarks.requests.peers.drf", "rest_framework"]
MIDDLEWARE = ["benchmarks.requests.peers.drf.http.request_middleware"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path.lstrip("/"),
        "USER": unquote(_url.username or ""),
        "PASSWORD": unquote(_url.password or ""),
        "HOST": (_query.get("host") or [_url.hostname or ""])[0],
        "PORT": (_query.get("port") or [str(_url.port or "")])[0],
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": None,
        "OPTIONS": {"application_name": "peer-drf"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "benchmarks.requests.peers.drf.identity.BearerAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "benchmarks.requests.peers.drf.identity.RolePermission"
    ],
    "EXCEPTION_HANDLER": "benchmarks.requests.peers.drf.http.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
