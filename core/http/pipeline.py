"""What happens to every request, in order.

Trace id and bounds → gym → token → transaction with the version probe → toggle →
route → permission → view → commit. Nothing of a gym is read before its gym is known,
and nothing is answered before the transaction has ended.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue
from typing_extensions import override

from core import context
from core.context import ANONYMOUS, Gym
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.errors import (
    AppError,
    AuthRequired,
    Forbidden,
    NotFound,
    PluginDisabled,
    TenantMismatch,
    TenantSuspended,
    TenantUnknown,
    TotpSetupRequired,
)
from core.http.blueprint import API, operation_of
from core.http.cors import Cors, is_preflight
from core.http.idempotency import once, read_key
from core.http.lean import LeanFlask, the_request
from core.http.limits import RateLimits
from core.http.operation import Operation
from core.http.ports import Claims, Gyms, Identity, Operators
from core.http.turns import off_turn
from core.ids import NIL

Result = TypeVar("Result")

Outcome = ResponseReturnValue | AppError
"""What became of a request: an answer, or a refusal whose work is kept."""

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Platform:
    """What the pipeline is made of.

    Attributes:
        plugins: Ids of the installed plugins that gyms switch on and off.
        hooks_for: Gives the hooks as a gym hears them.
        limits: How many requests a caller, an address and a gym may send.
        cors: Which pages may call a gym.
        operators: Knows those who run the installation.
        count: Told of each request that a gym is served.
    """

    gyms: Gyms
    identity: Identity
    units: UnitOfWork
    plugins: frozenset[str]
    hooks_for: Callable[[Gym], Any]
    limits: RateLimits
    cors: Cors
    operators: Operators
    count: Callable[[UUID], None]


class Palestra(LeanFlask):
    """The WSGI application: Flask with our pipeline around each view."""

    platform: Platform

    @override
    def dispatch_request(self) -> ResponseReturnValue:
        sent = the_request()
        rule, endpoint = sent.url_rule, sent.endpoint
        context.current().route = None if rule is None else rule.rule
        self.platform.limits.hold_address(sent)
        if "\0" in sent.path:  # no text in the database can hold it
            raise NotFound
        operation = operation_of(self.view_functions.get(endpoint or ""))
        if operation is None and not sent.path.startswith(API):
            return super().dispatch_request()
        if operation is not None and operation.reach != "gym":
            if operation.reach == "operator":
                return self._for_operator(operation)
            return super().dispatch_request()
        if is_preflight(sent):
            return self._preflight()
        return self._in_gym(operation)

    def _for_operator(self, operation: Operation) -> ResponseReturnValue:
        """Serves a route of the operator, whose views open their own transactions.

        An ``Idempotency-Key`` is kept under the nil gym, on the connection of gyms: a
        view that waits for one of the operator's connections holds none of them.
        """
        operators, limits = self.platform.operators, self.platform.limits
        claims = None if operation.public else operators.identify(request)
        limits.hold_caller(request, None, claims.operator_id if claims else None)
        if not operation.public:
            if claims is None:
                raise AuthRequired
            context.current().actor = operators.actor(claims)
        key = read_key(request) if operation.idempotent else None
        if key is None:
            with off_turn():
                return super().dispatch_request()
        view = super().dispatch_request
        return self.platform.units.run(
            lambda session: once(
                session, request, key, lambda: self.make_response(view())
            ),
            tenant_id=NIL,
        )

    def _preflight(self) -> Response:
        tenant_id = self._tenant()
        return self.platform.units.run(
            lambda session: self.platform.cors.preflight(
                request, self._gym(session, tenant_id)
            ),
            tenant_id=tenant_id,
            probe=(tenant_id,),
        )

    def _in_gym(self, operation: Operation | None) -> ResponseReturnValue:
        units = self.platform.units
        tenant_id = self._tenant()
        claims = self._claims(operation, tenant_id)
        caller = claims.caller if claims else None
        self.platform.limits.hold_caller(request, tenant_id, caller)
        self._hold_lately_seen(tenant_id)

        def admit(session: TenantSession) -> None:
            self._enter(session, tenant_id, claims)
            self._refuse_disabled(operation)
            if operation is not None:
                _authorize(operation)

        def work(session: TenantSession) -> Outcome:
            admit(session)
            try:
                return self._answer(session, operation)
            except AppError as error:
                if error.keeps_work:
                    return error
                raise

        probe = (tenant_id, claims.subject) if claims else (tenant_id,)
        if operation is not None and operation.stepwise:
            units.run(admit, tenant_id=tenant_id, probe=probe)
            with off_turn():
                return super().dispatch_request()
        answer = units.run(work, tenant_id=tenant_id, probe=probe)
        if isinstance(answer, AppError):
            raise answer
        return answer

    def _tenant(self) -> UUID:
        """The gym that the request addresses."""
        tenant_id = self.platform.gyms.resolve(request)
        if tenant_id is None:
            raise TenantUnknown
        return tenant_id

    def _claims(self, operation: Operation | None, tenant_id: UUID) -> Claims | None:
        """The caller's token, where the route wants one, held to this gym."""
        if operation is None or operation.public:
            return None
        claims = self.platform.identity.identify(request)
        if claims is not None and claims.tenant_id != tenant_id:
            raise TenantMismatch
        return claims

    def _enter(
        self, session: TenantSession, tenant_id: UUID, claims: Claims | None
    ) -> None:
        """Fills the context with the gym and the actor of this moment."""
        versions = session.versions
        gym = self._gym(session, tenant_id)
        here = context.current()
        here.hooks_for = self.platform.hooks_for
        if gym.status != ACTIVE:
            raise TenantSuspended
        self._hold_gym(gym)
        self.platform.count(gym.id)
        here.actor = ANONYMOUS
        if claims is not None:
            here.actor = self.platform.identity.actor(
                session, claims, gym, versions.get(claims.subject)
            )

    def _hold_lately_seen(self, tenant_id: UUID) -> None:
        """Refuses one request too many at no cost to the database, where it can."""
        known = self.platform.gyms.lately(tenant_id)
        if known is not None and known.status == ACTIVE:
            self._hold_gym(known)

    def _hold_gym(self, gym: Gym) -> None:
        per_minute = gym.limits.get("requestsPerMinute")
        if per_minute is not None:
            self.platform.limits.hold_gym(request, gym.id, per_minute)

    def _gym(self, session: TenantSession, tenant_id: UUID) -> Gym:
        """The gym of this moment, noted in the context."""
        version = session.versions.get(tenant_id)
        gym = self.platform.gyms.at_version(session, tenant_id, version)
        if gym is None:
            raise TenantUnknown
        context.current().gym = gym
        return gym

    def _refuse_disabled(self, operation: Operation | None) -> None:
        """Answers 404 for whatever belongs to a plugin that is off.

        Where no route fits it is decided by the path, so that no method and no form
        of it (405, 308) tells that the feature exists.
        """
        if operation is not None and operation.always_on:
            return
        plugin = plugin_of(request.path) if operation is None else operation.owner
        gym = context.current().require_gym()
        if plugin in self.platform.plugins and plugin not in gym.plugins:
            raise PluginDisabled

    def _answer(
        self, session: TenantSession, operation: Operation | None
    ) -> ResponseReturnValue:
        if operation is None or not operation.idempotent:
            return self._flushed(session)
        key = read_key(request)
        if key is None:
            return self._flushed(session)
        return once(session, request, key, lambda: self._flushed(session))

    def _flushed(self, session: TenantSession) -> Response:
        """Calls the view; what it left unwritten is written now, errors included."""
        response = self.make_response(super().dispatch_request())
        session.flush()
        return response


def step(work: Callable[[], Result]) -> Result:
    """Runs ``work`` in a transaction of its own, for a view declared ``stepwise``."""
    units = cast("Palestra", current_app).platform.units
    tenant_id = context.current().require_gym().id
    return units.run(lambda _session: work(), tenant_id=tenant_id)


def plugin_of(path: str) -> str:
    """The first segment below the API's base, doubled slashes folded."""
    folded = re.sub(r"/+", "/", path)
    return folded.removeprefix(API).strip("/").partition("/")[0]


def _authorize(operation: Operation) -> None:
    """Holds the caller to what the route asks for.

    Raises:
        AuthRequired: Nobody is logged in.
        TotpSetupRequired: The caller must set up a second factor first.
        Forbidden: The caller lacks the permission, or is an API key where what is
            allowed depends on who the person is.
    """
    if operation.public:
        return
    actor = context.current().actor
    if actor.kind == "anonymous":
        if operation.strangers_too:
            return
        raise AuthRequired
    if actor.restricted and not operation.during_setup:
        raise TotpSetupRequired(details={"setUp": f"POST {API}/auth/totp/setup"})
    if operation.permission is None and actor.kind == "api_key":
        raise Forbidden("This needs a person who is logged in, not an API key.")
    if operation.permission and not actor.may(operation.permission.name):
        raise Forbidden(details={"permission": operation.permission.name})
