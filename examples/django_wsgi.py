"""Django under WSGI in one file: a streamed answer, guarded.

Run it: ``waitress-serve --listen=127.0.0.1:8000 django_wsgi:application``, then
``curl -N http://127.0.0.1:8000/story``.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from streamward import StreamwardWSGI
from streamward.cache import MemoryCache
from streamward.guardrails import PII


def story(_request: HttpRequest) -> StreamingHttpResponse:
    """Stream an answer."""
    return StreamingHttpResponse(model(), content_type="text/event-stream")


def model() -> Iterator[str]:
    """Stand in for a model that streams."""
    for token in ("Write to ", "ada.sample", "@example.com", " today."):
        yield f"data: {token}\n\n"


urlpatterns = [path("story", story)]

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="example", ALLOWED_HOSTS=["*"])  # noqa: S106 - an example
application = StreamwardWSGI(
    get_wsgi_application(), guards=[PII(entities=["EMAIL_ADDRESS"])], cache=MemoryCache()
)
