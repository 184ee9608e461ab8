"""The few static files, kept in memory with a hash in their address, so that browsers keep them for a year."""

import functools
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

FOLDER = Path(__file__).parent / "static"
_TYPES = {".woff2": "font/woff2", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file, plain and compressed, with the hash of what it holds."""

    body: bytes
    packed: bytes | None
    kind: str
    version: str


@functools.cache
def assets() -> dict[str, Asset]:
    """Read every static file once, by its path under `static/`."""
    return {str(path.relative_to(FOLDER)): _read(path) for path in FOLDER.rglob("*") if path.is_file()}


def _read(path: Path) -> Asset:
    body = tightened(path.read_bytes()) if path.suffix == ".css" else path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = None if path.suffix == ".woff2" else gzip.compress(body, 9, mtime=0)
    return Asset(body, packed, kind, hashlib.sha256(body).hexdigest()[:10])


def tightened(css: bytes) -> bytes:
    """Drop the comments and spaces of a style sheet, so that the source may breathe within the budget of a page."""
    bare = re.sub(rb"\s+", b" ", re.sub(rb"/\*.*?\*/", b"", css, flags=re.DOTALL))
    return re.sub(rb" ?([{};,>]) ?|(?<=:) ", rb"\1", bare).strip()


def static(name: str) -> str:
    """Give the address of a static file, with its version; KeyError where there is none."""
    return f"/static/{name}?v={assets()[name].version}"


async def serve(request: Request) -> Response:
    """Answer a static file; for a year where the address holds its version."""
    asset = assets().get(request.path_params["path"])
    if asset is None:
        return PlainTextResponse("404", status_code=404)
    current = request.query_params.get("v") == asset.version
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if current else "public, max-age=300",
        "ETag": f'"{asset.version}"',
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    body = asset.body
    if asset.packed and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = asset.packed, "gzip"
    return Response(body, media_type=asset.kind, headers=headers)


def mount_static(app: Starlette) -> None:
    """Serve `/static/...` from this process: each service does, so that none needs another."""
    app.router.add_route("/static/{path:path}", serve, methods=["GET", "HEAD"], include_in_schema=False)
