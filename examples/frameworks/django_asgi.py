"""Django, ASGI. Run it: ``daphne django_asgi:app``, then ``curl -N http://127.0.0.1:8000/story``."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path
from model import astream

from streamward import Streamward
from streamward.guardrails import PII

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="example", ALLOWED_HOSTS=["*"])  # noqa: S106 - an example


async def story(_request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(astream(), content_type="text/event-stream")


urlpatterns = [path("story", story)]
app = Streamward(get_asgi_application(), guards=[PII()])
