"""The pages: what each address answers. Every word that came from a person is escaped by the template environment itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from personae import __version__
from personae.errors import BadInput, PersonaeError, UnknownName
from personae.papers.harness import Paper, paper, papers
from personae.papers.table import load
from personae.people.attributes import ATTRIBUTES, SYNTHPAI, Attribute
from personae.people.forget import Proof
from personae.people.records import Claim
from personae.people.store import Summary
from personae.report import environment, results_table
from personae.report.person import style
from personae.shield import LEVELS
from personae.web.door import Door, Guard, Refused
from personae.web.finding import Finder
from personae.web.jobs import Job, Jobs
from personae.web.steps import steps_of
from personae.web.uploads import FORM_BYTES, Upload, receive
from personae.web.workspace import LISTED, Visit, Workspace

PAGES = Path(__file__).parent / "pages"
_SAID = {
    "given": "Kept: what you entered takes the place of every other claim.",
    "disputed": "Kept: what was claimed of this is disputed, and is not claimed any more.",
}
_REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
router = APIRouter()


class Desk:
    """What every page needs: the door's token, the workspace, the work under way, what finds by asking, an upload's limit."""

    def __init__(self, door: Door, workspace: Workspace, jobs: Jobs, finder: Finder, limit: int) -> None:
        self.door, self.workspace, self.jobs, self.finder, self.limit = door, workspace, jobs, finder, limit

    def page(self, template: str, status: int = 200, **content: Any) -> HTMLResponse:
        """Return a page made from a template."""
        made = environment(PAGES).get_template(f"{template}.html.j2")
        return HTMLResponse(made.render(token=self.door.token, version=__version__, **content), status)

    def problem(self, status: int, message: str) -> HTMLResponse:
        """Return the page that says what went wrong, and what to do."""
        answer = self.page("problem", status, message=message)
        if status == 413:
            answer.headers["connection"] = "close"
        return answer


def make_app(desk: Desk) -> ASGIApp:
    """Return the pages behind the door's checks."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.include_router(router)
    for kind in (PersonaeError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _failed)
    return Guard(app, desk.door, lambda refusal: desk.problem(refusal.status, str(refusal)))


def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _desk(request).problem(error.status_code, f"There is no such page ({error.detail}).")
    if isinstance(error, RequestValidationError):
        return _desk(request).problem(400, "That address is not one of this program's.")
    if not isinstance(error, PersonaeError):
        return _desk(request).problem(500, f"Something went wrong here ({type(error).__name__}).")
    status = 404 if isinstance(error, UnknownName) else getattr(error, "status", 400)
    return _desk(request).problem(status, str(error))


def _desk(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


At = Annotated[Desk, Depends(_desk)]


async def _fields(request: Request, desk: At) -> dict[str, str]:
    """Return a form's fields once its token was checked."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > FORM_BYTES:
            raise Refused(413, "That form holds more text than any form of this program.")
    try:
        fields = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise Refused(400, "That form has too many parts.") from None
    desk.door.check_token(fields.get("token", [""])[0])
    return {name: values[0] for name, values in fields.items()}


Fields = Annotated[dict[str, str], Depends(_fields)]


def _whom(key: str, desk: At) -> Summary:
    return desk.workspace.person(key)


Whom = Annotated[Summary, Depends(_whom)]


def _go(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303)


@router.get("/page.css")
def page_css() -> Response:
    return Response(style() + (PAGES / "page.css").read_text(encoding="utf-8"), media_type="text/css")


@router.get("/page.js")
def page_js() -> Response:
    return Response((PAGES / "page.js").read_text(encoding="utf-8"), media_type="text/javascript")


@router.get("/")
def home(desk: At) -> Response:
    found = desk.workspace.store.summaries(limit=LISTED)
    people = [(desk.workspace.key(each.person), each) for each in found]
    left = desk.workspace.store.count() - len(found)
    place = desk.workspace.store.path
    return desk.page("home", people=people, left=left, limit=desk.limit, place=place)


@router.post("/archives")
async def hand_in(request: Request, desk: At) -> Response:
    desk.jobs.hold()
    try:
        upload = await receive(request, desk.workspace.folder, desk.limit, desk.door.check_token)
    except BaseException:
        desk.jobs.release()
        raise
    return _go(f"/jobs/{desk.jobs.start('Reading the archive', _reading(desk, upload), held=True).id}")


def _reading(desk: Desk, upload: Upload) -> Callable[[Job], Visit]:
    return lambda job: desk.workspace.read(upload, job)


@router.get("/jobs/{id_}")
def job(id_: str, desk: At) -> Response:
    found = desk.jobs.get(id_)
    if not found.finished.is_set():
        return desk.page("job", job=found)
    if found.error:
        return desk.problem(400, found.error)
    outcome = found.outcome
    if isinstance(outcome, Proof):
        return desk.page("proof", proof=outcome, complete=outcome.is_complete)
    if isinstance(outcome, str):
        return _go(outcome)
    assert isinstance(outcome, Visit)
    if len(outcome.people) == 1:
        return _go(f"/people/{desk.workspace.key(next(iter(outcome.people)))}")
    people = [(desk.workspace.key(person), person) for person in sorted(outcome.people)[:LISTED]]
    return desk.page("visit", visit=outcome, people=people, left=len(outcome.people) - len(people))


@router.get("/jobs/{id_}/state")
def job_state(id_: str, desk: At) -> Response:
    found = desk.jobs.get(id_)
    return JSONResponse({"said": found.said, "finished": found.finished.is_set()})


@router.post("/jobs/{id_}/stop")
def stop_job(id_: str, desk: At, fields: Fields) -> Response:
    desk.jobs.get(id_).stop()
    return _go(f"/jobs/{id_}")


@router.get("/people/{key}")
def person(key: str, desk: At, whom: Whom, said: str = "") -> Response:
    claims = desk.workspace.store.profile(whom.person).claims
    names = dict.fromkeys([*(each.name for each in SYNTHPAI), *(claim.attribute for claim in claims)])
    rows = [(_attribute(name), *_now_and_before(claims, name)) for name in names]
    return desk.page("person", key=key, whom=whom, rows=rows, said=_SAID.get(said, ""))


def _now_and_before(claims: Sequence[Claim], name: str) -> tuple[list[Claim], list[Claim]]:
    """Return what is told of an attribute, else why nothing is, and what was claimed before."""
    current = [claim for claim in claims if claim.attribute == name and not claim.superseded_by]
    told = [claim for claim in current if not claim.abstained]
    return told or current[:1], [claim for claim in claims if claim.attribute == name and claim.superseded_by]


def _attribute(name: str) -> Attribute:
    return ATTRIBUTES.get(name) or Attribute(name, name.replace("_", " ").capitalize(), "text")


@router.get("/people/{key}/report")
def report(desk: At, whom: Whom) -> Response:
    headers = {"content-security-policy": _REPORT_POLICY}
    return HTMLResponse(desk.workspace.report(whom.person), headers=headers)


@router.post("/people/{key}/claims")
def correct(key: str, desk: At, whom: Whom, fields: Fields) -> Response:
    name = fields.get("attribute", "")
    if fields.get("do") == "dispute":
        desk.workspace.dispute(whom.person, name)
        return _go(f"/people/{key}?said=disputed")
    desk.workspace.edit(whom.person, name, fields.get("value", ""))
    return _go(f"/people/{key}?said=given")


@router.post("/people/{key}/forget")
def forget(desk: At, whom: Whom, fields: Fields) -> Response:
    if fields.get("sure") != "yes":
        raise BadInput("Nobody was forgotten: tick the box that says that you are sure.")
    started = desk.jobs.start(
        "Forgetting, and searching for what is left", lambda _: desk.workspace.forget(whom.person)
    )
    return _go(f"/jobs/{started.id}")


@router.get("/people/{key}/shield")
def shielded(key: str, desk: At, whom: Whom, at: int | None = None) -> Response:
    found = desk.workspace.protected(whom.person)
    steps = steps_of(found.shielded, at, thorough=found.thorough) if found else None
    return desk.page("shield", key=key, whom=whom, levels=LEVELS, steps=steps, protected=found)


@router.get("/people/{key}/shield/step")
def shield_step(key: str, desk: At, whom: Whom, at: int | None = None) -> Response:
    found = desk.workspace.protected(whom.person)
    if found is None:
        raise Refused(404, "The shield was not asked about this person yet.")
    steps = steps_of(found.shielded, at, thorough=found.thorough)
    return desk.page("_step", key=key, steps=steps, protected=found)


@router.post("/people/{key}/shield")
def run_shield(key: str, desk: At, whom: Whom, fields: Fields) -> Response:
    level, target = fields.get("level", ""), fields.get("target", "")
    if not target.isdigit() or int(target) > 100:
        raise BadInput("The target is a number of percent, from 0 to 100.")

    def work(job: Job) -> str:
        thorough = fields.get("thorough") == "yes"
        desk.workspace.shield(whom.person, level, int(target) / 100, job, thorough=thorough)
        return f"/people/{key}/shield"

    return _go(f"/jobs/{desk.jobs.start('Attacking and rewriting', work).id}")


@router.post("/people/{key}/shield/archive")
def shielded_archive(desk: At, whom: Whom, fields: Fields) -> Response:
    found = desk.workspace.protected(whom.person)
    if found is None:
        raise Refused(404, "The shield was not asked about this person yet.")
    at = steps_of(found.shielded, int(fields["at"]) if fields.get("at", "").isdigit() else None).at
    file = desk.workspace.write(found, at)
    cleared = BackgroundTask(shutil.rmtree, file.parent, ignore_errors=True)
    return FileResponse(file, filename=found.name, media_type="application/octet-stream", background=cleared)


@router.get("/find")
def find(desk: At) -> Response:
    return desk.page("find", episode=desk.finder.episode, films=desk.finder.catalog is None)


@router.post("/find")
def answer(desk: At, fields: Fields) -> Response:
    match fields.get("do"):
        case "begin":
            desk.finder.begin()
        case "back":
            desk.finder.take_back()
        case _:
            turn = fields.get("turn", "")
            desk.finder.tell(int(turn) if turn.isdecimal() else -1, fields.get("answer", ""))
    return _go("/find")


@router.get("/papers")
def paper_list(desk: At) -> Response:
    return desk.page("papers", papers=[each for each in papers().values() if each.status != "planned"])


@router.get("/papers/{slug}")
def paper_page(slug: str, desk: At) -> Response:
    chosen = _runnable(slug)
    quick = desk.workspace.results.get(slug)
    saved = load(chosen) if chosen.status == "measured" else None
    found = (("Run here just now, quickly", quick), ("Saved with the package", saved))
    tables = [(title, each, results_table(each.rows, caption=title)) for title, each in found if each]
    return desk.page("paper", paper=chosen, tables=tables)


@router.post("/papers/{slug}")
def run_paper(slug: str, desk: At, fields: Fields) -> Response:
    chosen = _runnable(slug)

    def work(job: Job) -> str:
        desk.workspace.run_paper(chosen.slug, job)
        return f"/papers/{chosen.slug}"

    return _go(f"/jobs/{desk.jobs.start(f'Running {chosen.slug}', work).id}")


def _runnable(slug: str) -> Paper:
    chosen = paper(slug)
    if chosen.status == "planned":
        raise UnknownName(f"The paper {chosen.slug} has no experiment yet.")
    return chosen
