"""OpenTelemetry's side of portal.telemetry; imported only where traces are on."""

import os
import random
import socket
import threading
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
)
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from portal.telemetry import ROOT, Recorder, Value, ids


class TurnIds(IdGenerator):
    """Random ids, except for the root span that this thread is about to begin."""

    def __init__(self) -> None:
        self._next = threading.local()

    def announce(self, trace_id: int, span_id: int) -> None:
        self._next.ids = trace_id, span_id

    def generate_trace_id(self) -> int:
        trace_id, _ = getattr(self._next, "ids", None) or (random.getrandbits(128) or 1, 0)
        return trace_id

    def generate_span_id(self) -> int:
        announced, self._next.ids = getattr(self._next, "ids", None), None
        return announced[1] if announced else random.getrandbits(64) or 1


class OtelRecorder:
    def __init__(self, processor: SpanProcessor) -> None:
        self._ids = TurnIds()
        resource = Resource.create(
            {
                "service.name": "portal",
                "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
            }
        )
        self.provider = TracerProvider(sampler=ALWAYS_ON, id_generator=self._ids, resource=resource)
        self.provider.add_span_processor(processor)
        self._tracer = self.provider.get_tracer("portal")

    def record(
        self,
        turn_id: UUID,
        step: str,
        began: datetime,
        ended: datetime,
        attributes: Mapping[str, Value],
    ) -> None:
        trace_id, root_id = ids(turn_id)
        if step == ROOT:
            self._ids.announce(trace_id, root_id)
            context = Context()
        else:
            parent = SpanContext(
                trace_id, root_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
            )
            context = set_span_in_context(NonRecordingSpan(parent), Context())
        span = self._tracer.start_span(
            step,
            context=context,
            start_time=nanoseconds(began),
            attributes={"portal.turn": str(turn_id), **attributes},
        )
        span.end(end_time=nanoseconds(ended))


def nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1_000


def recorder(endpoint: str, exporter: SpanExporter | None) -> Recorder:
    """To a given exporter at once, else in batches to an OTLP address."""
    if exporter is not None:
        return OtelRecorder(SimpleSpanProcessor(exporter))
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    return OtelRecorder(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
