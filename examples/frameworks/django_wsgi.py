"""Django, WSGI. Run it: ``waitress-serve --listen=127.0.0.1:8000 django_wsgi:app``."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path
from model import stream

from streamward import StreamwardWSGI
from streamward.guardrails import PII

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="example", ALLOWED_HOSTS=["*"])  # noqa: S106 - an example


def story(_request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(stream(), content_type="text/event-stream")


urlpatterns = [path("story", story)]
app = StreamwardWSGI(get_wsgi_application(), guards=[PII()])
