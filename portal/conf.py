"""Every setting of Portal, read from the environment in one place.

Nothing else reads os.environ. Each field has a default that works on one machine, a check in
portal/checks.py where a wrong value would hurt, and a line in docs/settings.md (tested).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from portal import limits, production

ROOT = Path(__file__).resolve().parent.parent


class SettingError(ValueError):
    """A setting has a value that Portal cannot use."""


def _env(name: str, default: Any, doc: str) -> Any:
    return field(default=default, metadata={"env": name, "doc": doc})


@dataclass(frozen=True)
class Config:
    # --- web
    debug: bool = _env("PORTAL_DEBUG", False, "Django debug pages; never in production.")
    secret_key: str = _env(
        "PORTAL_SECRET_KEY", "", "Signing key. Unset: made once and kept under the state folder."
    )
    hosts: tuple[str, ...] = _env(
        "PORTAL_HOSTS",
        ("localhost", "127.0.0.1", "[::1]"),
        "Host names that the portal answers to, comma separated.",
    )
    origins: tuple[str, ...] = _env(
        "PORTAL_ORIGINS",
        (),
        "Extra origins (https://shop.example) whose pages may open sockets, comma separated.",
    )
    host: str = _env("HOST", "127.0.0.1", "Address that `manage.py run` and `serve` listen on.")
    port: int = _env("PORT", 8000, "Port that `manage.py run` and `serve` listen on.")
    company: str = _env("PORTAL_COMPANY", "Northwind Goods", "Company name shown to customers.")
    image_hosts: tuple[str, ...] = _env(
        "PORTAL_IMAGE_HOSTS",
        (),
        "Hosts (cdn.shop.example) whose pictures help articles may show, comma separated.",
    )
    # --- security
    production: bool = _env(
        "PORTAL_PRODUCTION",
        False,
        "Others can reach this portal: HTTPS only, secure cookies, HSTS. It refuses to start with "
        "debug pages, a weak or unset secret, open hosts or no trusted proxy.",
    )
    trusted_proxies: tuple[str, ...] = _env(
        "PORTAL_TRUSTED_PROXIES",
        (),
        "Addresses or networks (10.0.0.0/8) of the proxies whose X-Forwarded-For and -Proto count.",
    )
    unlimited_addresses: tuple[str, ...] = _env(
        "PORTAL_UNLIMITED_ADDRESSES",
        ("127.0.0.0/8", "::1"),
        "Networks without limits per address: this machine's own, so that load tests can run. "
        "Limits per conversation hold for all.",
    )
    limit_factor: float = _env(
        "PORTAL_LIMIT_FACTOR", 1.0, "Multiplies every limit of docs/security.md; 0: no limits."
    )
    key_hours: float = _env(
        "PORTAL_KEY_HOURS",
        1.0,
        "Age at which a customer's key is replaced when the conversation is opened again.",
    )
    second_factor: tuple[str, ...] = _env(
        "PORTAL_SECOND_FACTOR",
        (),
        "Roles (agent, supervisor, manager, admin) that must log in with a second factor.",
    )
    hsts_seconds: int = _env(
        "PORTAL_HSTS_SECONDS",
        31_536_000,
        "How long browsers insist on HTTPS after a visit, in production; begin small if unsure.",
    )
    identity_secret: tuple[str, ...] = _env(
        "PORTAL_IDENTITY_SECRET",
        (),
        "Secret with which your site signs who its customer is ([memory.md](memory.md)), 32 random "
        "characters or more; two, comma separated, while one replaces the other. Unset: customers "
        "are anonymous.",
    )
    remember_customers: bool = _env(
        "PORTAL_REMEMBER_CUSTOMERS",
        False,
        "Let the assistant know an identified customer's name, orders and product from earlier "
        "conversations.",
    )
    security_contact: str = _env(
        "PORTAL_SECURITY_CONTACT",
        "",
        "Where to report a weakness (mailto:security@example.com or https://…): security.txt.",
    )
    # --- state and services
    var: Path = _env("PORTAL_VAR", ROOT / "var", "State folder: embedded services, models, keys.")
    static_folder: str = _env(
        "PORTAL_STATIC",
        "",
        "Folder of `collectstatic`, for an image that holds it. Unset: static in the state folder.",
    )
    database_url: str = _env(
        "DATABASE_URL",
        "",
        "postgres://user:password@host:port/name. Unset: an embedded PostgreSQL.",
    )
    redis_url: str = _env("REDIS_URL", "", "redis://host:port/0. Unset: an embedded Redis.")
    broker_url: str = _env(
        "CELERY_BROKER_URL", "", "Celery's broker, such as amqp://… for RabbitMQ. Unset: Redis."
    )
    # --- models
    tier: str = _env("PORTAL_TIER", "auto", "Rung that this model worker serves: auto, gpu or cpu.")
    gpu_model: str = _env(
        "PORTAL_GPU_MODEL",
        "meta-llama/Llama-3.1-8B-Instruct",
        "Model of the gpu rung: a local folder or a hub name.",
    )
    gpu_model_revision: str = _env(
        "PORTAL_GPU_MODEL_REVISION",
        "0e9e39f249a16976918f6564b8830bc894c89659",
        "Pinned revision of the gpu model: a commit of 40 hex digits, where it comes from a hub.",
    )
    hub: str = _env(
        "PORTAL_HUB",
        "https://huggingface.co",
        "Hub that `prepare_model --gpu` and a gpu worker fetch the model from, once.",
    )
    hub_token: str = _env("PORTAL_HUB_TOKEN", "", "Key of that hub, for a gated model.")
    cpu_model: str = _env(
        "PORTAL_CPU_MODEL", "", "Folder of the cpu rung's model. Unset: the packaged SmolLM2 135M."
    )
    embedding: str = _env(
        "PORTAL_EMBEDDING",
        "minilm",
        "Embedder of passages and questions: minilm, hash (no model, for tests) or a dotted path.",
    )
    gpu_quantization: str = _env(
        "PORTAL_GPU_QUANTIZATION", "auto", "Weights of the gpu rung: auto (nf4), nf4, int8 or none."
    )
    gpu_device: str = _env(
        "PORTAL_GPU_DEVICE",
        "auto",
        "GPU of this model worker: auto (the emptiest) or a number. `run` starts one for each.",
    )
    gpu_memory_share: float = _env(
        "PORTAL_GPU_MEMORY_SHARE", 0.9, "Share of a GPU's free memory that a worker may take."
    )
    cpu_quantization: str = _env(
        "PORTAL_CPU_QUANTIZATION",
        "auto",
        "Weights of the cpu rung: auto (int8 where this processor is faster with it, else none), "
        "int8, nf4 or none.",
    )
    model_slots: int = _env(
        "PORTAL_MODEL_SLOTS", 0, "Replies that a model worker writes at once; 0: as fits."
    )
    model_context: int = _env(
        "PORTAL_MODEL_CONTEXT", 2048, "Tokens of a prompt and its reply together, at most."
    )
    prefix_cache_mb: int = _env(
        "PORTAL_PREFIX_CACHE_MB", 512, "Memory for computed beginnings of prompts, in MiB."
    )
    embedding_model: str = _env(
        "PORTAL_EMBEDDING_MODEL", "", "Folder of the embedding model. Unset: the packaged MiniLM."
    )
    first_token_budget: float = _env(
        "PORTAL_FIRST_TOKEN_BUDGET",
        limits.FIRST_TOKEN_BUDGET,
        "Predicted seconds to a model's first text beyond which its rung is passed over.",
    )
    model_threads: int = _env(
        "PORTAL_MODEL_THREADS", 0, "Threads of the model worker; 0: all cores but one."
    )
    remote_rungs: str = _env(
        "PORTAL_REMOTE_RUNGS",
        "",
        "Other servers as rungs of the ladder: a JSON list of OpenAI-compatible endpoints "
        "([docs/ladder.md](ladder.md)). Their keys stay in variables of their own.",
    )
    # --- decisions
    max_error: float = _env(
        "PORTAL_MAX_ERROR",
        0.05,
        "Share of answers that may be wrong: the assistant answers only where it keeps below it.",
    )
    # --- the desk
    desk_timezone: str = _env(
        "PORTAL_DESK_TIMEZONE", "UTC", "Time zone of opening hours and holidays."
    )
    answer_cache: bool = _env(
        "PORTAL_ANSWER_CACHE", True, "Give an answer again to a question that means the same."
    )
    # --- how long things are kept (docs/data.md); 0: for ever
    keep_transcripts_days: int = _env(
        "PORTAL_KEEP_TRANSCRIPTS_DAYS",
        730,
        "Days after the last word until a conversation is anonymised; its figures stay. 0: never.",
    )
    keep_decisions_days: int = _env(
        "PORTAL_KEEP_DECISIONS_DAYS",
        180,
        "Days that a turn's search words and signals are kept. 0: for ever.",
    )
    keep_cached_answers_days: int = _env(
        "PORTAL_KEEP_CACHED_ANSWERS_DAYS", 90, "Days that an answer is given again. 0: for ever."
    )
    keep_drafts_days: int = _env(
        "PORTAL_KEEP_DRAFTS_DAYS",
        30,
        "Days that what an agent typed and did not send is kept. 0: for ever.",
    )
    keep_logins_days: int = _env(
        "PORTAL_KEEP_LOGINS_DAYS",
        90,
        "Days that logins of staff and ended sessions are kept. 0: for ever.",
    )
    keep_audit_days: int = _env(
        "PORTAL_KEEP_AUDIT_DAYS",
        0,
        "Days that the desk's log is kept; it holds no words. 0: for ever.",
    )
    # --- insights and mail
    address: str = _env(
        "PORTAL_ADDRESS",
        "http://localhost:8000",
        "Where people open the portal (https://support.example.com): links in e-mails begin so.",
    )
    plan_rung: str = _env(
        "PORTAL_PLAN_RUNG",
        "",
        "Remote rung that may propose a plan for a question in plain words that the rules do not "
        "understand. Unset: none is asked.",
    )
    brief_hour: int = _env(
        "PORTAL_BRIEF_HOUR", 7, "Hour (0 to 23) from which the morning brief is sent."
    )
    mail_host: str = _env(
        "PORTAL_MAIL_HOST", "", "SMTP server. Unset: mail is written to mail/ in the state folder."
    )
    mail_port: int = _env("PORTAL_MAIL_PORT", 587, "Its port; 465 means TLS from the first byte.")
    mail_user: str = _env("PORTAL_MAIL_USER", "", "Account at the SMTP server. Unset: none.")
    mail_password: str = _env("PORTAL_MAIL_PASSWORD", "", "Its password.")
    mail_tls: bool = _env("PORTAL_MAIL_TLS", True, "Turn to TLS (STARTTLS) before logging in.")
    mail_from: str = _env("PORTAL_MAIL_FROM", "portal@localhost", "Sender of the portal's e-mails.")
    # --- logs and metrics
    metrics_folder: str = _env(
        "PROMETHEUS_MULTIPROC_DIR",
        "",
        "Folder through which the processes of one machine share their counters; `run` sets it.",
    )
    metrics_port: int = _env(
        "PORTAL_METRICS_PORT",
        0,
        "Port of a process's own probes and metrics, for inside a cluster; 0: none. Set, the "
        "pages' port has no /metrics.",
    )
    traces: str = _env(
        "PORTAL_TRACES",
        "",
        "OTLP address (http://collector:4318/v1/traces) that traces of turns go to. Unset: none.",
    )
    trace_share: float = _env(
        "PORTAL_TRACE_SHARE", 1.0, "Share of turns that are traced, where traces are on."
    )
    log_format: str = _env("PORTAL_LOG_FORMAT", "human", "human or json.")
    log_level: str = _env("PORTAL_LOG_LEVEL", "INFO", "Python log level.")

    @property
    def embeds_database(self) -> bool:
        return not self.database_url

    @property
    def embeds_redis(self) -> bool:
        return not self.redis_url


def secret(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The value of a variable that another setting names, such as an API key."""
    return environ.get(name, "").strip() if name else ""


def load(environ: Mapping[str, str] = os.environ) -> Config:
    """Read a Config from the environment; a SettingError names the variable and the way out."""
    values: dict[str, Any] = {}
    for item in fields(Config):
        raw = environ.get(item.metadata["env"], "").strip()
        if raw:
            values[item.name] = _convert(item.metadata["env"], raw, item.default)
    config = Config(**values)
    if config.production and (found := list(production.problems(config))):
        raise SettingError("PORTAL_PRODUCTION is on, but: " + " ".join(found))
    return config


def _convert(name: str, raw: str, default: Any) -> Any:
    if isinstance(default, bool):
        if raw.lower() not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
            raise SettingError(f"{name} is {raw!r}; use true or false.")
        return raw.lower() in {"1", "true", "yes", "on"}
    if isinstance(default, int):
        try:
            return int(raw)
        except ValueError:
            raise SettingError(f"{name} is {raw!r}; use a whole number.") from None
    if isinstance(default, float):
        try:
            return float(raw)
        except ValueError:
            raise SettingError(f"{name} is {raw!r}; use a number such as 0.05.") from None
    if isinstance(default, tuple):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if isinstance(default, Path):
        return Path(raw).expanduser().resolve()
    return raw
