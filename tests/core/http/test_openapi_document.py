"""The document: true OpenAPI 3.1, whole for the CLI, narrowed for each gym."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import flask_smorest
import orjson
import pytest
from flask import Flask, Response
from marshmallow import fields, validate
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

from core.access import Permission
from core.errors import Conflict, PluginDisabled
from core.http.blueprint import Blueprint
from core.http.openapi import documents_of, full_document, install
from core.http.page import Page
from core.http.schema import Moment, PageQuery, Schema, Sort, Text

READ = Permission("gadgets.part.read", "Read parts.")
WRITE = Permission("gadgets.part.write", "Change parts.")

Document = dict[str, Any]


class PartTaken(Conflict):
    """The part is taken."""

    code = "GADGET_PART_TAKEN"
    message = "Somebody has this part."


class Maker(Schema):
    name = Text(required=True, maximum=50)
    country = Text(minimum=2, maximum=2, pattern="^[A-Z]{2}$")


class Gate(Schema):
    name = Text(required=True)


class PartIn(Schema):
    title = Text(required=True, minimum=1, maximum=80)
    price_minor = fields.Integer(required=True, validate=validate.Range(min=0))
    maker = fields.Nested(Maker, allow_none=True)
    starts_at = Moment()
    secret = Text(load_only=True)


class Part(PartIn):
    id = fields.UUID(required=True, dump_only=True)
    version = fields.Integer(required=True, dump_only=True)
    related = fields.List(fields.Nested(lambda: Part(only=("id", "title"))))


class PartQuery(PageQuery):
    sort = Sort("title", "starts_at", default="title")
    maker = Text(maximum=50, metadata={"example": "ACME"})


def parts() -> Blueprint:
    group = Blueprint(
        "gadgets_parts",
        prefix="/gadgets/parts",
        tag="Parts",
        owner="gadgets",
        description="Spare parts.",
    )

    @group.get(
        summary="List parts",
        permission=READ,
        query=PartQuery,
        returns=Part,
        paged=True,
    )
    def find(query: dict[str, Any]) -> Page:
        """Lists the parts.

        Raises:
            Nothing: Of note.
        """
        return Page([], 1, query["limit"], 0)

    @group.post(
        summary="Add a part",
        permission=WRITE,
        body=PartIn,
        returns=Part,
        status=201,
        errors=[PartTaken],
        request_example={"title": "Chain", "priceMinor": 1200},
    )
    def add(body: dict[str, Any]) -> dict[str, Any]:
        return body

    @group.patch(
        "/<uuid:part_id>",
        summary="Change a part",
        permission=WRITE,
        body=PartIn,
        returns=Part,
        versioned=True,
    )
    def change(part_id: UUID, body: dict[str, Any], if_match: int | None) -> Any:
        return {**body, "id": part_id, "version": if_match}

    @group.delete(
        "/<uuid:part_id>", summary="Remove a part", signed_in=True, status=204
    )
    def remove(part_id: UUID) -> None:
        """Removes it."""

    @group.get(
        "/<uuid:part_id>/label.pdf",
        summary="Print a label",
        signed_in=True,
        media_type="application/pdf",
    )
    def label(part_id: UUID) -> Response:
        return Response(str(part_id))

    return group


def gates() -> Blueprint:
    group = Blueprint("gates", prefix="/gates", tag="Gates")

    @group.get("/mine", summary="Show my gate", public=True, returns=Gate)
    @group.get("/ours", summary="Show our gate", public=True, returns=Gate)
    def show() -> dict[str, str]:
        return {"name": "North"}

    @group.post("/hook", summary="Take news", public=True, always_on=True)
    def hook() -> None:
        """Takes news."""

    @group.get("/secret", summary="Say nothing", public=True, documented=False)
    def secret() -> None:
        """Is not in the document."""

    return group


def operators() -> Blueprint:
    group = Blueprint("gyms", prefix="/gyms", tag="Gyms", reach="operator")

    @group.get(summary="List gyms", signed_in=True, returns=Gate, many=True)
    def find() -> Sequence[Any]:
        return []

    return group


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask("tiny", static_folder=None)
    app.config.update(API_TITLE="Tiny", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    api = flask_smorest.Api(app)
    for blueprint in (gates(), operators(), parts()):
        api.register_blueprint(blueprint)
    install(app, api)
    return app


@pytest.fixture(scope="module")
def document(app: Flask) -> Document:
    return full_document(app)


PARTS = "/api/v1/gadgets/parts"
PART = "/api/v1/gadgets/parts/{partId}"


def operations(document: Document) -> Iterator[Document]:
    for methods in document["paths"].values():
        yield from methods.values()


def at(document: Document, reference: Document) -> Document:
    """Follows a reference."""
    part = document
    for step in reference["$ref"].removeprefix("#/").split("/"):
        part = part[step]
    return part


def codes(document: Document, operation: Document, status: int) -> list[str]:
    answer = at(document, operation["responses"][str(status)])
    narrowed = answer["content"]["application/json"]["schema"]["allOf"][1]
    enum: list[str] = narrowed["properties"]["error"]["properties"]["code"]["enum"]
    return enum


def test_it_is_valid_openapi(document: Document) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_says_what_callers_need(document: Document) -> None:
    for operation in operations(document):
        assert operation.keys() >= {
            "summary", "description", "operationId", "tags", "security",
            "x-permission", "x-plugin", "parameters", "responses",
        }  # fmt: skip
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids)) == 9
    assert {"gates_show", "gates_show_2"} <= set(ids)


def test_rights_are_told(document: Document) -> None:
    listing = document["paths"][PARTS]["get"]
    assert listing["x-permission"] == "gadgets.part.read"
    assert listing["x-plugin"] == "gadgets"
    assert listing["security"] == [{"bearer": []}, {"apiKey": []}, {"cookie": []}]
    assert listing["description"] == (
        "Lists the parts.\n\nNeeds the permission `gadgets.part.read`."
    )
    removal = document["paths"][PART]["delete"]
    assert removal["x-permission"] == "signed-in"
    assert removal["security"] == [{"bearer": []}, {"cookie": [], "csrf": []}]
    public = document["paths"]["/api/v1/gates/mine"]["get"]
    assert (public["x-permission"], public["security"]) == ("public", [])
    assert public["x-plugin"] == "core"


def test_parameters_come_from_path_query_and_headers(document: Document) -> None:
    listing = document["paths"][PARTS]["get"]["parameters"]
    assert [(one["in"], one["name"]) for one in listing] == [
        ("query", "page"),
        ("query", "limit"),
        ("query", "sort"),
        ("query", "maker"),
    ]
    assert listing[3]["schema"] == {
        "type": "string",
        "maxLength": 50,
        "examples": ["ACME"],
    }
    identity, if_match = document["paths"][PART]["patch"]["parameters"]
    assert (identity["in"], identity["name"]) == ("path", "partId")
    assert identity["schema"] == {"type": "string", "format": "uuid"}
    assert UUID(identity["example"]).version == 7
    assert at(document, if_match)["name"] == "If-Match"
    (key,) = document["paths"][PARTS]["post"]["parameters"]
    assert at(document, key)["name"] == "Idempotency-Key"


def test_answers_stand_in_the_envelope(document: Document) -> None:
    answer = document["paths"][PARTS]["get"]["responses"]["200"]
    content = answer["content"]["application/json"]
    properties = content["schema"]["properties"]
    assert properties["ok"] == {"const": True}
    assert properties["data"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/GadgetsPart"},
    }
    assert "pagination" in at(document, properties["meta"])["properties"]
    (item,) = content["example"]["data"]
    assert item["priceMinor"] == 4900
    assert "secret" not in item
    change = document["paths"][PART]["patch"]["responses"]["200"]
    assert set(change["headers"]) == {"X-Request-Id", "ETag"}


def test_what_has_no_envelope_says_so(document: Document) -> None:
    gone = document["paths"][PART]["delete"]["responses"]["204"]
    assert "content" not in gone
    label = document["paths"][f"{PART}/label.pdf"]["get"]["responses"]["200"]
    assert label["content"]["application/pdf"]["schema"] == {
        "type": "string",
        "format": "binary",
    }


@pytest.mark.parametrize(
    ("path", "method", "status", "expected"),
    [
        (PARTS, "get", 400, ["VALIDATION_ERROR"]),
        (PARTS, "get", 401, ["AUTH_REQUIRED", "AUTH_TOKEN_EXPIRED"]),
        (
            PARTS,
            "get",
            403,
            [
                "AUTH_TOTP_SETUP_REQUIRED",
                "FORBIDDEN",
                "TENANT_MISMATCH",
                "TENANT_SUSPENDED",
            ],
        ),
        (
            PARTS,
            "post",
            403,
            [
                "AUTH_CSRF",
                "AUTH_TOTP_SETUP_REQUIRED",
                "FORBIDDEN",
                "TENANT_MISMATCH",
                "TENANT_SUSPENDED",
            ],
        ),
        (PARTS, "get", 404, ["PLUGIN_DISABLED", "TENANT_UNKNOWN"]),
        (PART, "patch", 404, ["NOT_FOUND", "PLUGIN_DISABLED", "TENANT_UNKNOWN"]),
        (
            PARTS,
            "post",
            409,
            ["CONFLICT", "GADGET_PART_TAKEN", "IDEMPOTENCY_IN_PROGRESS"],
        ),
        (PARTS, "post", 413, ["PAYLOAD_TOO_LARGE"]),
        (PARTS, "post", 415, ["UNSUPPORTED_MEDIA_TYPE"]),
        (PARTS, "post", 422, ["IDEMPOTENCY_KEY_REUSED"]),
        (PART, "patch", 412, ["PRECONDITION_FAILED"]),
        (PARTS, "get", 429, ["RATE_LIMITED"]),
        (PARTS, "get", 500, ["INTERNAL"]),
        (PARTS, "get", 503, ["UNAVAILABLE"]),
        ("/api/v1/gates/mine", "get", 403, ["TENANT_SUSPENDED"]),
        ("/api/v1/gates/mine", "get", 404, ["TENANT_UNKNOWN"]),
    ],
)
def test_refusals_list_their_codes(
    document: Document, path: str, method: str, status: int, expected: list[str]
) -> None:
    assert codes(document, document["paths"][path][method], status) == expected


def test_refusals_are_not_claimed_where_they_cannot_happen(document: Document) -> None:
    public = document["paths"]["/api/v1/gates/mine"]["get"]["responses"]
    assert not {"401", "409", "412", "413", "415", "422"} & public.keys()
    removal = document["paths"][PART]["delete"]["responses"]
    assert not {"412", "413", "415", "422"} & removal.keys()
    operator = document["paths"]["/platform/v1/gyms"]["get"]["responses"]
    assert "404" not in operator


def test_every_example_is_true_to_its_schema(document: Document) -> None:
    checked = 0
    for operation in operations(document):
        contents = [
            (at(document, answer) if "$ref" in answer else answer).get("content", {})
            for answer in operation["responses"].values()
        ]
        contents.append(operation.get("requestBody", {}).get("content", {}))
        for media in (one for content in contents for one in content.values()):
            examples = [one["value"] for one in media.get("examples", {}).values()]
            examples += [media["example"]] if "example" in media else []
            schema = {**media["schema"], "components": document["components"]}
            for example in examples:
                checker = OAS31Validator(schema, format_checker=oas31_format_checker)
                assert not list(checker.iter_errors(example))
                checked += 1
    assert checked > 60


def test_a_request_example_that_was_given_is_used(document: Document) -> None:
    body = document["paths"][PARTS]["post"]["requestBody"]
    assert body["content"]["application/json"]["example"] == {
        "title": "Chain",
        "priceMinor": 1200,
    }


def test_schemas_carry_the_owner_of_their_route(document: Document) -> None:
    names = set(document["components"]["schemas"])
    assert names == {
        "Failure", "Meta", "Pagination", "PageMeta",
        "GadgetsMaker", "GadgetsPart", "GadgetsPart2", "GadgetsPartIn", "Gate",
    }  # fmt: skip
    assert (
        document["components"]["schemas"]["GadgetsPartIn"]["additionalProperties"]
        is False
    )


def test_a_gym_sees_what_is_on_there(app: Flask) -> None:
    on = orjson.loads(documents_of(app).without(frozenset()).at("/t/iron-temple"))
    OpenAPIV31SpecValidator(on).validate()
    assert on["servers"] == [{"url": "/t/iron-temple"}]
    assert PARTS in on["paths"]
    assert "/platform/v1/gyms" not in on["paths"]
    assert [tag["name"] for tag in on["tags"]] == ["Gates", "Parts"]


def test_a_gym_sees_nothing_of_what_is_off(app: Flask) -> None:
    off = orjson.loads(documents_of(app).without(frozenset({"gadgets"})).at(""))
    OpenAPIV31SpecValidator(off).validate()
    assert off["servers"] == [{"url": "/"}]
    assert set(off["paths"]) == {
        "/api/v1/gates/hook", "/api/v1/gates/mine", "/api/v1/gates/ours",
    }  # fmt: skip
    assert [tag["name"] for tag in off["tags"]] == ["Gates"]
    assert b"adget" not in orjson.dumps(off)
    assert PluginDisabled.code.encode() not in orjson.dumps(off)


def test_each_combination_is_written_once(app: Flask) -> None:
    documents = documents_of(app)
    on, off = documents.without(frozenset()), documents.without(frozenset({"gadgets"}))
    assert documents.without(frozenset()) is on
    assert on.tag != off.tag


def test_only_so_many_combinations_are_kept(app: Flask) -> None:
    documents = documents_of(app)
    first = documents.without(frozenset())
    for number in range(70):
        documents.without(frozenset({f"other{number}"}))
    again = documents.without(frozenset())
    assert again is not first
    assert again == first
