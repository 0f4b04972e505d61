"""The one way to add routes: a flask-smorest blueprint that knows our rules.

A route states who may call it (a permission, ``signed_in=True`` or ``public=True``) or
it does not register. Its view gets typed arguments, ``query=`` and ``body=`` already
validated, and returns data, a ``Page``, or a finished response.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import flask_smorest
from flask import Response, current_app
from typing_extensions import override

from core.access import Permission
from core.errors import AppError
from core.http.envelope import success
from core.http.lean import the_request
from core.http.operation import Operation, Reach
from core.http.page import Page
from core.http.parsing import read_body, read_query
from core.http.preconditions import etag_of, read_if_match
from core.http.schema import Schema
from core.http.shapes.dumping import dumper

View = TypeVar("View", bound=Callable[..., Any])

API = "/api/v1"
PLATFORM_API = "/platform/v1"


def operation_of(view: Callable[..., Any] | None) -> Operation | None:
    """Returns what was declared for ``view``; None for a foreign view."""
    return getattr(view, "__palestra_operation__", None)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # it ships no types
    """A group of routes under one prefix.

    Args:
        name: Unique name, also the prefix of operation ids.
        prefix: Path below the API's base, such as ``/scheduling/sessions``.
        tag: Heading in the API docs.
        owner: The plugin's id; its prefix must begin with ``/<id>``.
        reach: See ``Operation``.
    """

    def __init__(
        self,
        name: str,
        *,
        prefix: str,
        tag: str,
        owner: str | None = None,
        reach: Reach = "gym",
        description: str = "",
    ) -> None:
        if owner is not None and prefix.split("/")[1] != owner:
            raise ValueError(f"Blueprint {name}: its prefix must begin with /{owner}.")
        base = {"gym": API, "operator": PLATFORM_API, "installation": ""}[reach]
        super().__init__(
            name, __name__, url_prefix=base + prefix, description=description
        )
        self.owner, self.reach, self.tag = owner, reach, tag
        self.operations: list[Operation] = []

    @override
    def register_views_in_doc(self, *_arguments: Any, **_options: Any) -> None:
        """Leaves the documents to ``core.http.openapi``, which reads operations."""

    def get(self, rule: str = "", **declared: Any) -> Callable[[View], View]:
        """A route that reads; see ``operation``."""
        return self.operation("GET", rule, **declared)

    def post(self, rule: str = "", **declared: Any) -> Callable[[View], View]:
        """A route that creates or acts; see ``operation``."""
        return self.operation("POST", rule, **declared)

    def put(self, rule: str = "", **declared: Any) -> Callable[[View], View]:
        """A route that replaces; see ``operation``."""
        return self.operation("PUT", rule, **declared)

    def patch(self, rule: str = "", **declared: Any) -> Callable[[View], View]:
        """A route that changes parts; see ``operation``."""
        return self.operation("PATCH", rule, **declared)

    def delete(self, rule: str = "", **declared: Any) -> Callable[[View], View]:
        """A route that removes; see ``operation``."""
        return self.operation("DELETE", rule, **declared)

    def operation(  # noqa: PLR0913 — one keyword for each thing a route declares
        self,
        method: str,
        rule: str,
        *,
        summary: str,
        permission: Permission | None = None,
        signed_in: bool = False,
        public: bool = False,
        body: type[Schema] | None = None,
        query: type[Schema] | None = None,
        returns: type[Schema] | None = None,
        paged: bool = False,
        many: bool = False,
        status: int = 200,
        errors: Sequence[type[AppError]] = (),
        versioned: bool = False,
        always_on: bool = False,
        media_type: str | None = None,
        stepwise: bool = False,
        keeps_answer: bool = True,
        example: Any = None,
        request_example: Any = None,
        parameters: Sequence[dict[str, Any]] = (),
        also_status: Sequence[int] = (),
        documented: bool = True,
        during_setup: bool = False,
        strangers_too: bool = False,
    ) -> Callable[[View], View]:
        """Declares a route; the keywords are ``Operation``'s.

        Raises:
            TypeError: It does not say who may call it, or says it twice; or it
                takes an ``Idempotency-Key`` without a transaction to keep it in.
        """
        creates = method == "POST" and status == 201  # noqa: PLR2004 — Created
        if stepwise and creates and keeps_answer:
            raise TypeError(f"{method} {self.url_prefix}{rule}: stepwise creates.")
        if (permission is not None) + signed_in + public != 1:
            raise TypeError(
                f"{method} {self.url_prefix}{rule}: say who may call it, by exactly "
                "one of permission=, signed_in=True and public=True."
            )

        def register(view: View) -> View:
            declared = Operation(
                name=f"{self.name}_{view.__name__}",
                method=method,
                summary=summary,
                description=(view.__doc__ or "").strip(),
                permission=permission,
                signed_in=signed_in,
                reach=self.reach,
                owner=self.owner,
                tag=self.tag,
                body=body() if body else None,
                query=query() if query else None,
                returns=returns(many=many or paged) if returns else None,
                paged=paged,
                many=many,
                status=status,
                errors=tuple(errors),
                idempotent=creates and keeps_answer,
                versioned=versioned,
                always_on=always_on,
                media_type=media_type,
                stepwise=stepwise,
                example=example,
                request_example=request_example,
                parameters=tuple(parameters),
                also_status=tuple(also_status),
                documented=documented,
                during_setup=during_setup,
                strangers_too=strangers_too,
            )
            self.operations.append(declared)
            self.add_url_rule(
                rule, view.__name__, serve(view, declared), methods=[method]
            )
            return view

        return register


def serve(view: Callable[..., Any], operation: Operation) -> Callable[..., Response]:
    """Wraps a view: validated arguments in, an enveloped response out."""

    @wraps(view)
    def served(**arguments: Any) -> Response:
        sent = the_request()
        if operation.query is not None:
            arguments["query"] = read_query(sent, operation.query)
        elif sent.query_string:
            read_query(sent, _NO_QUERY)
        if operation.body is not None:
            limit = current_app.config["PALESTRA_BODY_MAX_BYTES"]
            arguments["body"] = read_body(sent, operation.body, limit)
        if operation.versioned and operation.method != "GET":
            arguments["if_match"] = read_if_match(sent)
        return respond(view(**arguments), operation)

    served.__palestra_operation__ = operation  # type: ignore[attr-defined]
    return served


def respond(result: Any, operation: Operation) -> Response:
    """Turns what a view returned into a response."""
    if isinstance(result, Response):
        return result
    if operation.status == 204:  # noqa: PLR2004 — No Content
        return Response(status=204)
    page = result if isinstance(result, Page) else None
    data = page.items if page is not None else result
    write = None if operation.returns is None else dumper(operation.returns)
    response = success(
        data if write is None else write(data),
        status=operation.status,
        page=page,
        closed=write is not None and write.closed,
    )
    if operation.versioned:
        response.headers["ETag"] = etag_of(data)
    return response


_NO_QUERY = Schema()

__all__ = ["API", "PLATFORM_API", "Blueprint", "operation_of"]
