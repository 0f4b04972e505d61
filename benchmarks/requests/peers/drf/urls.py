"""Routes."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from benchmarks.requests.peers.drf.audits import AuditViewSet
from benchmarks.requests.peers.drf.http import ready
from benchmarks.requests.peers.drf.logins import LoginView
from benchmarks.requests.peers.drf.passes import RedeemView
from benchmarks.requests.peers.drf.sessions import SessionViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("scheduling/sessions", SessionViewSet, basename="session")
router.register("audits", AuditViewSet, basename="audit")

urlpatterns = [
    path("ready", ready),
    path("api/v1/auth/login", LoginView.as_view()),
    path("api/v1/passes/redeem", RedeemView.as_view()),
    path("api/v1/", include(router.urls)),
]
