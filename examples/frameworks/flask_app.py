"""Flask. Run it: ``gunicorn --worker-class gthread --threads 16 flask_app:app``."""

from flask import Flask, Response
from model import stream

from streamward import StreamwardWSGI
from streamward.guardrails import PII

app = Flask(__name__)
app.wsgi_app = StreamwardWSGI(app.wsgi_app, guards=[PII()])


@app.get("/story")
def story() -> Response:
    return Response(stream(), mimetype="text/event-stream")
