"""FastAPI. Run it: ``uvicorn fastapi_app:app``, then ``curl -N http://127.0.0.1:8000/story``."""

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from model import astream

from streamward import Streamward
from streamward.guardrails import PII

app = FastAPI()
app.add_middleware(Streamward, guards=[PII()])


@app.get("/story")
async def story() -> StreamingResponse:
    return StreamingResponse(astream(), media_type="text/event-stream")
