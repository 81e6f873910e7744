"""All settings, in one file, read from the environment (see .env.example).

Without any environment this is a safe laptop: SQLite under `var/`, DEBUG off, no SMS account, and a secret
key of its own, made at the first start.
"""

from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.management.utils import get_random_secret_key
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# --- where things are kept -------------------------------------------------------------------------------

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
DEBUG = env.bool("DEBUG", default=False)


def _laptop_secret_key(path):
    """A key of this machine's own, made at the first start and kept beside its database."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(get_random_secret_key())
        path.chmod(0o600)
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or _laptop_secret_key(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_BASE_URL])

# --- the database ----------------------------------------------------------------------------------------

LAPTOP = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "qingxiao.sqlite3")}
DATABASES = {"default": env.db("DATABASE_URL") if env.str("DATABASE_URL", default="") else LAPTOP}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # One writer at a time, and it says so at BEGIN: a check inside a transaction cannot be overtaken.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Checks of foreign keys, like our triggers, do not keep a plan that was made while the tables were empty.
    # Compiling a page's query costs more than running it: 2.0 s against 0.8 s for the renewals of 30,000 children.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c jit=off -c plan_cache_mode=force_custom_plan"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- the applications ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config",  # the commands that put everything together: demo, bench, screenshots
    "dashboard",
    "reports",
    "day_close",
    "imports",
    "notices",
    "sales",
    "renewals",
    "payroll",
    "scheduling",
    "enrolments",
    "students",
    "courses",
    "parents",
    "messaging",
    "branches",
    "core",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.NoStoreMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- people ----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "branches.User"
AUTHENTICATION_BACKENDS = ["branches.backends.RoleBackend"]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("home")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- language and time -----------------------------------------------------------------------------------

# "Fixed default value": it warns of a time of day, such as that of the reminders, when it is just then.
SILENCED_SYSTEM_CHECKS = ["fields.W161"]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
# Ours first, then the words of the theme and of the job queue, which bring none in Chinese.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "vendor"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"  # for pages outside a branch; a branch has its own
USE_TZ = True

# --- static files ----------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # a laptop needs no collectstatic
WHITENOISE_AUTOREFRESH = DEBUG

# --- what is kept with families: photos, papers, voice notes ---------------------------------------------

# Served by a page that asks who may see it, never by an address of its own: the one that Django wants leads nowhere.
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(VAR_DIR / "media"))
MEDIA_URL = "https://media.invalid/"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- jobs ------------------------------------------------------------------------------------------------

Q_CLUSTER = {
    "name": "qingxiao",
    "label": _("Jobs"),
    "orm": "default",
    "workers": env.int("JOB_WORKERS", default=2),
    "queue_limit": env.int("JOB_WORKERS", default=2),  # the retry clock runs from here on: hold few
    "bulk": 1,
    "timeout": 60,
    "retry": 600,
    "max_attempts": 3,
    "ack_failures": True,
    "catch_up": False,
    "recycle": 500,
    "save_limit": 200,
    "save_limit_per": "func",  # or the pulses crowd out every other result
    "poll": 1,
}
# Where the jobs wait: in the database, or in Redis, which spares the database the asking of many workers.
REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    Q_CLUSTER["broker_class"] = "core.redis_broker.RedisBroker"

# What runs by itself, and how often; `sync_schedules` writes it to the queue's table.
PERIODIC_JOBS = {
    "scheduling.tasks.plan_class_reminders": {"minutes": 1},
    "scheduling.tasks.lapse_offers": {"minutes": 1},
    "enrolments.tasks.lapse_orders": {"minutes": 60},
    "renewals.tasks.plan_renewal_reminders": {"minutes": 1},
    "renewals.tasks.open_due_opportunities": {"minutes": 5},
    "notices.tasks.queue_batches": {"minutes": 1},
    "sales.tasks.return_neglected": {"minutes": 15},
    "messaging.tasks.plan_digests": {"minutes": 1},
    "messaging.tasks.drain": {"minutes": 1},
    "messaging.tasks.reconcile": {"minutes": 1},
    "branches.tasks.refresh_public_holidays": {"minutes": 24 * 60},
}

# --- SMS -------------------------------------------------------------------------------------------------

TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_PREVIOUS_AUTH_TOKEN = env.str("TWILIO_PREVIOUS_AUTH_TOKEN", default="")  # during a rotation
TWILIO_FROM = env.str("TWILIO_FROM", default="")  # a number (+…) or a Messaging Service (MG…)
TWILIO_API_BASE_URL = env.str("TWILIO_API_BASE_URL", default="https://api.twilio.com")
TWILIO_PARTS_PER_SECOND = env.float("TWILIO_PARTS_PER_SECOND", default=0)  # of each sender; 0: as many as go

ALIYUN_ACCESS_KEY_ID = env.str("ALIYUN_ACCESS_KEY_ID", default="")
ALIYUN_ACCESS_KEY_SECRET = env.str("ALIYUN_ACCESS_KEY_SECRET", default="")
ALIYUN_SMS_SIGNATURE = env.str("ALIYUN_SMS_SIGNATURE", default="")  # as it was approved, without 【】
ALIYUN_SMS_BASE_URL = env.str("ALIYUN_SMS_BASE_URL", default="https://dysmsapi.aliyuncs.com")

WECOM_ROBOT_KEYS = env.dict("WECOM_ROBOT_KEYS", default={})  # a branch's code=key of its group's robot; *=key for all
WECOM_API_BASE_URL = env.str("WECOM_API_BASE_URL", default="https://qyapi.weixin.qq.com")

# In which ways people can be reached; which of them a branch uses, and in which order, is data (ChannelRoute).
MESSAGE_CHANNELS = {
    "sms": "messaging.channels.twilio.TwilioSms",
    "sms_aliyun": "messaging.channels.aliyun.AliyunSms",
    "call": "messaging.channels.by_hand.PhoneCall",
    "slip": "messaging.channels.by_hand.PrintedSlip",
    "wecom": "messaging.channels.wecom.WeComRobot",
    "console": "messaging.channels.console.Console",
}

# --- enquiries from outside: at most so many in ten minutes; what comes on top is answered 429 ---------------

FORM_SENDS_PER_ADDRESS = env.int("FORM_SENDS_PER_ADDRESS", default=30)  # a mobile network shares one among many
FORM_SENDS_PER_FORM = env.int("FORM_SENDS_PER_FORM", default=300)
API_REQUESTS_PER_SOURCE = env.int("API_REQUESTS_PER_SOURCE", default=600)
API_REFUSALS_PER_ADDRESS = env.int("API_REFUSALS_PER_ADDRESS", default=60)  # without a token that holds

# --- security --------------------------------------------------------------------------------------------

HTTPS = PUBLIC_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REDIRECT_EXEMPT = [r"^healthz", r"^readyz"]  # asked from beside the server, over http
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 12 * 60 * 60
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        # unfold's Alpine evaluates attributes; it needs no inline script.
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],  # blob: a voice note is heard before it is kept
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# --- logging: to the console, without personal data ------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # The address of a calendar feed is its key, and these loggers write addresses.
    "filters": {
        "no_secrets": {"()": "core.logs.HideSecrets", "before": "/feeds/"},
        "short": {"()": "core.logs.ShortDatabaseTrouble"},
    },
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{asctime}{levelname}{name}{process}{message}",
            "style": "{",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
            "json_ensure_ascii": False,
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": env.str("LOG_FORMAT", default="line")}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"filters": ["no_secrets"]},
        "django.security.csrf": {"filters": ["no_secrets"]},
        "django.server": {"filters": ["no_secrets"], "handlers": ["console"], "propagate": False},
        "twilio.http_client": {"level": "WARNING"},  # its INFO lines carry numbers and texts
        "urllib3": {"level": "INFO"},  # its DEBUG lines carry numbers
        "django.db.backends": {"level": "INFO"},  # its DEBUG lines carry all that is written and read
        "django-q": {"level": "WARNING", "filters": ["short"]},  # three lines per pulse otherwise
    },
}

# --- the theme -------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": _("Qingxiao"),
    "SITE_HEADER": _("Qingxiao"),
    "SITE_SYMBOL": "school",
    "SITE_URL": reverse_lazy("home"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "STYLES": [lambda request: static("css/qingxiao.css")],
    "SCRIPTS": [lambda request: static("js/qingxiao.js")],
    "SHOW_LANGUAGES": True,
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        },
    },
    "COMMAND": {"search_models": False, "show_history": False},  # its cache outlives a change of branch
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "dashboard.navigation.sidebar",
    },
}
