"""Redis and the broker: there, and set so that no wake-up is lost in silence."""

from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from kombu import Connection

from portal.doctor.finding import Finding, fault, warning, well

FULL_SHARE = 0.8


def examine() -> Iterator[Finding]:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, decode_responses=True
    )
    try:
        info: Any = client.info()
    except redis.RedisError as error:
        yield fault(
            "redis.away",
            f"Redis does not answer ({type(error).__name__}). Messages are kept and answered, but "
            "late, and their text does not stream.",
            "Start it, or correct REDIS_URL.",
        )
    else:
        yield well("redis", f"Redis {info['redis_version']} answers.")
        yield from memory(info)
        if settings.CELERY_BROKER_URL.startswith(("redis", "unix")):
            yield persistence(info)
    finally:
        client.close()
    yield broker()


def memory(info: dict[str, Any]) -> Iterator[Finding]:
    policy, most = info.get("maxmemory_policy", "noeviction"), int(info.get("maxmemory", 0))
    if policy != "noeviction":
        yield fault(
            "redis.eviction",
            f"Redis may throw keys away when it is full (maxmemory-policy {policy}): wake-ups "
            "and text on its way would vanish in silence.",
            "Set maxmemory-policy noeviction; use a Redis of its own for caches of others.",
        )
    used = int(info.get("used_memory", 0))
    if most and used > FULL_SHARE * most:
        yield warning(
            "redis.full",
            f"Redis uses {used >> 20} of {most >> 20} MiB.",
            "Raise maxmemory; when it is full it refuses writes.",
        )


def persistence(info: dict[str, Any]) -> Finding:
    if info.get("aof_enabled"):
        return well("redis.persistence", "Redis keeps the queue on disk.")
    return warning(
        "redis.persistence",
        "Redis is the broker and keeps nothing on disk: after its restart, waiting turns are rung "
        "again within seconds, but hand-made tasks are gone.",
        "Set appendonly yes.",
    )


def broker() -> Finding:
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=3)
    except Exception as error:  # noqa: BLE001 (any transport's own: it is not there)
        return fault(
            "broker.away",
            f"The broker does not answer ({type(error).__name__}): no turn is answered.",
            "Start it, or correct CELERY_BROKER_URL.",
        )
    return well("broker", "The broker answers.")
