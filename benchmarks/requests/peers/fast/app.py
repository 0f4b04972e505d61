"""The ASGI application."""

from fastapi import FastAPI

from benchmarks.requests.peers.common.http import configure_logging
from benchmarks.requests.peers.fast import audits, logins, passes, sessions
from benchmarks.requests.peers.fast.http import RequestMiddleware, install_handlers

configure_logging()

app = FastAPI(title="Palestra, in FastAPI", docs_url=None, redoc_url=None)
app.add_middleware(RequestMiddleware)
install_handlers(app)
for part in (sessions, logins, passes, audits):
    app.include_router(part.router, prefix="/api/v1")


@app.get("/ready")
async def ready() -> dict[str, bool]:
    """Answers as soon as requests can be served."""
    return {"ok": True}
