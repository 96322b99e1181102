"""Django settings. Values come from portal.conf; nothing here reads the environment."""

from datetime import timedelta
from pathlib import Path

from portal import conf, limits, logs
from portal.connections import WatchedConnection
from portal.embedded import addresses, secret_key

CONFIG = conf.load()
_ADDRESSES = addresses(CONFIG)

BASE_DIR = conf.ROOT
DEBUG = CONFIG.debug
SECRET_KEY = CONFIG.secret_key or secret_key(CONFIG.var)
ALLOWED_HOSTS = list(CONFIG.hosts)
CSRF_TRUSTED_ORIGINS = list(CONFIG.origins)
#: Origins whose pages may open a socket. On one machine any port of its names; in production the
#: whole origin counts, scheme included.
WS_ALLOWED_ORIGINS = [
    *(f"https://{host}" if CONFIG.production else host for host in CONFIG.hosts),
    *CONFIG.origins,
]

INSTALLED_APPS = [
    "daphne",
    "portal.apps.PortalConfig",
    "conversations.apps.ConversationsConfig",
    "insights.apps.InsightsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "axes",
    "channels",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.headers.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "conversations.login.middleware.SecondFactorRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context_processors.brand",
            ],
        },
    },
]

DATABASES = {
    "default": {
        **_ADDRESSES.database,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # the pool's are dead after a restart of the database
        "OPTIONS": {
            **_ADDRESSES.database.get("OPTIONS", {}),
            # A pool that waits ever longer between attempts is late when the database is back.
            "pool": {
                "min_size": 1,
                "max_size": 16,
                "timeout": 5,
                "reconnect_timeout": 1.5,
                "connection_class": WatchedConnection,
            },
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _ADDRESSES.redis
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "portal"},
    }
}

# --- Celery: ids only, the database owns the work, never a result
CELERY_BROKER_URL = _ADDRESSES.broker
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": limits.VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": limits.WORKER_SOCKET_TIMEOUT,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": limits.BROKER_HEALTH_CHECK,
    }
    if "redis" in CELERY_BROKER_URL
    else {}
)
CELERY_BEAT_SCHEDULE = {
    "sweep-turns": {"task": "conversations.sweep_turns", "schedule": limits.REAP},
    "watch-desk": {"task": "conversations.watch_desk", "schedule": limits.REAP},
    "mail-customers": {"task": "conversations.mail_customers", "schedule": limits.MAIL_CHECK},
    "fill-review": {"task": "conversations.fill_review", "schedule": limits.REVIEW_FILL},
    "apply-retention": {"task": "conversations.apply_retention", "schedule": limits.RETENTION},
    "refresh-insights": {"task": "insights.refresh", "schedule": limits.INSIGHTS_REFRESH},
    "find-themes": {"task": "insights.find_themes", "schedule": limits.THEMES_FIND},
    "send-brief": {"task": "insights.send_brief", "schedule": limits.BRIEF_CHECK},
}

LOGGING = logs.config(log_format=CONFIG.log_format, level=CONFIG.log_level)

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(CONFIG.static_folder) if CONFIG.static_folder else CONFIG.var / "static"
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.assets.HashedAssets"},
}

if CONFIG.mail_host:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = CONFIG.mail_host, CONFIG.mail_port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = CONFIG.mail_user, CONFIG.mail_password
    EMAIL_USE_SSL = CONFIG.mail_port == 465
    EMAIL_USE_TLS = CONFIG.mail_tls and not EMAIL_USE_SSL
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(CONFIG.var / "mail")
DEFAULT_FROM_EMAIL = CONFIG.mail_from

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# --- login: one for desk, insights and admin (conversations/login)
LOGIN_URL = "desk-login"
LOGIN_REDIRECT_URL = "desk"
AUTHENTICATION_BACKENDS = [
    "conversations.login.lockout.LockoutBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
#: One name from one address: what others try locks nobody out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = limits.LOGIN_FAILURES
AXES_COOLOFF_TIME = timedelta(seconds=limits.LOGIN_PAUSE)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "conversations.login.lockout.address_of"
AXES_LOCKOUT_CALLABLE = "conversations.login.lockout.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
OTP_TOTP_ISSUER = CONFIG.company
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
#: Over HTTPS only, in production. Whether a request came so is decided by portal.proxies.
SECURE_SSL_REDIRECT = CONFIG.production
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside
SECURE_HSTS_SECONDS = CONFIG.hsts_seconds if CONFIG.production else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = CONFIG.production
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIG.production
#: With __Host- no neighbouring host can set these cookies; browsers take such names by HTTPS only.
SESSION_COOKIE_NAME = "__Host-session" if CONFIG.production else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if CONFIG.production else "csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = limits.SESSION
#: No inline script, style or handler anywhere; sockets of this host are 'self' too.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", *(f"https://{host}" for host in CONFIG.image_hosts)],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        **({"upgrade-insecure-requests": True} if CONFIG.production else {}),
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["conversations.api.parsing.BoundedJSONParser"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "UNAUTHENTICATED_TOKEN": None,
    "DEFAULT_SCHEMA_CLASS": "conversations.api.openapi.Operations",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Portal",
    "VERSION": "1",
    "DESCRIPTION": "Conversations, articles, escalations and figures for your own programs.",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["conversations.api.openapi.only_the_interface"],
    "POSTPROCESSING_HOOKS": ["conversations.api.openapi.completed"],
}
