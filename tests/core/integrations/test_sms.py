"""Text messages of a gym's own service, tried out against a real gateway."""

import pytest

from core.errors import ProviderFailed
from core.integrations import sms
from core.integrations.sms import try_out
from core.outbound.guard import Guard
from core.testing.kit import TestGym
from tests.core.integrations.services import PASSWORD, sms_gateway

SMS = "/admin/integrations/sms"
NUMBER = "+491701234567"


@pytest.fixture(autouse=True)
def _a_service_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The services that gyms may name have hosts of their own, out in the world."""
    monkeypatch.setattr(sms, "SERVICES", sms.SERVICES | {"smseagle"})


def test_a_test_sends_one_message_by_each_service(gym: TestGym) -> None:
    with sms_gateway() as gateway:
        url = f"smseagle://{PASSWORD}@127.0.0.1:{gateway.port}"
        settings = {"urls": [url, url], "testTo": NUMBER}
        gym.api("admin").put(SMS, {"settings": settings})
        shown = gym.api("admin").post(f"{SMS}/test", expect=200)
    assert shown["lastTestOk"] is True
    assert (shown["settings"], shown["secrets"]) == ({"testTo": NUMBER}, {"urls": True})
    assert len(gateway.taken) == 2
    assert NUMBER.lstrip("+") in str(gateway.taken[0])


def test_a_service_that_refuses_is_named_by_its_place(
    gym: TestGym, caplog: pytest.LogCaptureFixture
) -> None:
    with sms_gateway() as gateway:
        gateway.status = 403
        url = f"smseagle://{PASSWORD}@127.0.0.1:{gateway.port}"
        gym.api("admin").put(SMS, {"settings": {"urls": [url], "testTo": NUMBER}})
        error = gym.api("admin").fail(
            "POST", f"{SMS}/test", expect=502, code="INTEGRATION_FAILED"
        )
    assert error["message"] == "The service of address 1 took no message."
    assert PASSWORD not in caplog.text


def test_an_address_that_its_service_does_not_have_is_refused() -> None:
    with pytest.raises(ProviderFailed, match="Address 1"):
        try_out({"urls": ["twilio://nonsense"], "test_to": NUMBER}, Guard())
