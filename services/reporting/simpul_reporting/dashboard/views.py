"""The public page at /: HTML complete without JavaScript, with headers that let nothing else run."""

import hashlib
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from simpul_shared.errors import Refusal
from simpul_shared.platform.database import Database, Origin

from simpul_reporting.dashboard.page import NothingYet, Page, build_page, language_of, parse_question
from simpul_reporting.dashboard.wording import LANGUAGES

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent
_STYLE = (_HERE / "static" / "simpul.css").read_bytes()
_STYLE_VERSION = hashlib.sha256(_STYLE).hexdigest()[:12]

_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["style"] = f"/static/simpul.css?v={_STYLE_VERSION}"

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'none'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@router.get("/", response_class=HTMLResponse)
async def get_page(request: Request) -> HTMLResponse:
    """Parameters: region (code), year, lang (id or en), all=1, valid_on, known_on; whatever else comes is ignored."""
    try:
        return _page(await _build(request))
    except Refusal as refusal:
        return _problem(request, refusal)


@router.get("/static/simpul.css")
async def get_style() -> Response:
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(_STYLE, media_type="text/css", headers=headers)


async def _build(request: Request) -> Page:
    question = parse_question(request.query_params)
    database: Database = request.app.state.database
    origin = Origin(request.app.state.service, "public", "WEB", request.scope["request_id"])
    async with database.snapshot(origin) as tx:
        return await build_page(tx, question, now=request.app.state.clock())


def _page(page: Page) -> HTMLResponse:
    html = _templates.get_template("page.html").render(page=page, q=page.question, w=page.words)
    return HTMLResponse(
        html, headers={**_HEADERS, "Cache-Control": "no-cache", "Content-Language": page.words.language}
    )


def _problem(request: Request, refusal: Refusal) -> HTMLResponse:
    """An address that shows nothing: said in both languages, whichever the reader's is."""
    status = 404 if refusal.status == 422 else refusal.status
    headers = {**_HEADERS, "Cache-Control": "no-store"}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    html = _templates.get_template("problem.html").render(
        w=language_of(request.query_params),
        languages=LANGUAGES.values(),
        refusal=refusal,
        not_yet=isinstance(refusal, NothingYet),
    )
    return HTMLResponse(html, status, headers=headers)
