"""The one login: its lock, its second factor, and where it leads."""

import base64
import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.test import Client, override_settings
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from conversations import access
from conversations.access import NobodyAtDesk
from conversations.models import AuthenticatorApp
from conversations.sealing import is_sealed
from conversations.services.second_factor import SecondFactorService, WrongCode
from portal import limits

pytestmark = pytest.mark.django_db

PASSWORD = "open sesame"
LOGINS = ("/desk/login/", "/admin/login/")


@pytest.fixture
def mira() -> User:
    user: User = get_user_model().objects.create_user("mira", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="agent"))
    return user


def post(
    client: Client,
    password: str = PASSWORD,
    *,
    name: str = "mira",
    at: str = LOGINS[0],
    **more: Any,
) -> Any:
    return client.post(at, {"username": name, "password": password}, **more)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# --- the lock


@pytest.mark.parametrize("at", LOGINS)
def test_after_five_wrong_passwords_even_the_right_one_waits(mira: User, at: str) -> None:
    client = Client()
    answers = [post(client, "wrong", at=at) for _ in range(limits.LOGIN_FAILURES)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    locked = post(client, at=at)
    assert locked.status_code == 429
    assert "try again in 15 minutes" in locked.content.decode()
    assert 890 <= int(locked.headers["Retry-After"]) <= 900
    assert not is_in(client)


def test_a_fresh_session_and_another_page_do_not_open_the_lock(mira: User) -> None:
    for number in range(limits.LOGIN_FAILURES):
        post(Client(), "wrong", at=LOGINS[number % 2], headers={"user-agent": f"browser {number}"})
    assert [post(Client(), at=at).status_code for at in LOGINS] == [429, 429]


def test_nobody_can_lock_an_agent_out_from_another_address(mira: User) -> None:
    for _ in range(9):
        post(Client(), "wrong", REMOTE_ADDR="203.0.113.66")
    client = Client()
    assert post(client, REMOTE_ADDR="198.51.100.7").status_code == 302
    assert is_in(client)


def test_an_attacker_with_many_ipv6_addresses_has_one_network(mira: User) -> None:
    answers = [post(Client(), "wrong", REMOTE_ADDR=f"2001:db8::{n:x}") for n in range(1, 7)]
    assert answers[-1].status_code == 429


def test_a_header_does_not_make_another_address(mira: User) -> None:
    for number in range(limits.LOGIN_FAILURES):
        post(Client(), "wrong", headers={"x-forwarded-for": f"10.0.0.{number}"})
    assert post(Client(), headers={"x-forwarded-for": "10.9.9.9"}).status_code == 429


def test_an_unknown_name_is_answered_and_locked_like_a_known_one(mira: User) -> None:
    texts = []
    for name in ("mira", "nobody"):
        answers = [post(Client(), "wrong", name=name) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
        page = re.sub(r'value="[^"]*"', "", answers[0].content.decode())
        texts.append(page)
    assert texts[0] == texts[1]


def test_a_success_starts_the_count_again(mira: User) -> None:
    for _ in range(3):
        for _ in range(limits.LOGIN_FAILURES - 1):
            post(Client(), "wrong")
        assert post(Client()).status_code == 302


def test_an_address_that_tries_many_names_is_slowed_down() -> None:
    count = limits.LOGINS_OF_ADDRESS[0]
    with override_settings(CONFIG=settings.CONFIG):
        codes = [
            post(Client(), "x", name=f"user{n}", REMOTE_ADDR="203.0.113.5").status_code
            for n in range(count + 1)
        ]
    assert set(codes[:count]) == {200}
    assert codes[count] == 429


def test_a_huge_login_form_is_refused_before_anything_is_kept(mira: User) -> None:
    answer = post(Client(), "x" * 20_000)
    assert answer.status_code == 413


def test_passwords_are_never_kept_with_the_failures(mira: User) -> None:
    from axes.models import AccessAttempt

    post(Client(), "my other password")
    attempt = AccessAttempt.objects.get()
    assert "my other password" not in str(vars(attempt))


# --- where it leads


@pytest.mark.parametrize(
    "evil",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "https:evil.example",
        "javascript:alert(1)", "http:///evil.example", "\thttps://evil.example",
        "https://testserver@evil.example/", "//testserver.evil.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("at", LOGINS)
def test_a_login_never_leads_to_another_site(mira: User, at: str, evil: str) -> None:
    answer = Client().post(at, {"username": "mira", "password": PASSWORD, "next": evil})
    assert answer.headers["Location"] in {"/desk/", "/admin/"}


def test_a_session_gets_a_new_key_at_login(mira: User) -> None:
    client = Client()
    client.session["planted"] = True
    session = client.session
    session["x"] = 1
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    post(client)
    assert is_in(client)
    assert client.session.session_key != session.session_key


def test_a_login_without_the_csrf_token_is_refused(mira: User) -> None:
    client = Client(enforce_csrf_checks=True)
    for at in LOGINS:
        assert post(client, at=at).status_code == 403
    assert not is_in(client)


def test_logging_out_takes_a_post(mira: User) -> None:
    client = Client()
    post(client)
    assert client.get(reverse("desk-logout")).status_code == 405
    assert is_in(client)


def test_who_may_not_open_the_admin_is_told_so(mira: User) -> None:
    mira.is_staff = False
    mira.save()
    client = Client()
    answer = client.post(
        "/admin/login/?next=/admin/", {"username": "mira", "password": PASSWORD}, follow=True
    )
    assert "may not open that page" in answer.content.decode()


# --- the second factor

service = SecondFactorService()


def code_of(device: AuthenticatorApp, step: int = 0) -> str:
    return f"{totp(device.bin_key, drift=step):06d}"


@pytest.fixture
def device(mira: User) -> AuthenticatorApp:
    return AuthenticatorApp.objects.create(user=mira, name="app", confirmed=True)


@pytest.fixture
def halfway(device: AuthenticatorApp) -> Client:
    """The password is right, the code is still asked for."""
    client = Client()
    answer = post(client)
    assert answer.headers["Location"] == reverse("second-factor")
    assert not is_in(client)
    return client


def test_the_password_alone_opens_nothing_where_there_is_an_app(halfway: Client) -> None:
    assert halfway.get("/desk/").status_code == 302
    assert halfway.get(reverse("desk-me")).status_code == 401
    assert halfway.get("/admin/").status_code == 302


def test_the_code_opens_the_desk_and_goes_where_the_login_was_headed(
    device: AuthenticatorApp,
) -> None:
    client = Client()
    client.post("/admin/login/", {"username": "mira", "password": PASSWORD, "next": "/admin/"})
    answer = client.post(reverse("second-factor"), {"code": code_of(device)})
    assert answer.headers["Location"] == "/admin/"
    assert is_in(client)


def test_a_code_works_once(halfway: Client, device: AuthenticatorApp) -> None:
    code = code_of(device)
    halfway.post(reverse("second-factor"), {"code": code})
    again = Client()
    post(again)
    assert again.post(reverse("second-factor"), {"code": code}).status_code == 400
    assert not is_in(again)


@pytest.mark.parametrize(
    "code", ["", "000000", "12345", "abcdef", "１２３４５６", "9" * 5_000, "' OR 1=1"]
)
def test_a_wrong_code_is_refused(halfway: Client, device: AuthenticatorApp, code: str) -> None:
    assert halfway.post(reverse("second-factor"), {"code": code}).status_code == 400
    assert not is_in(halfway)


def test_codes_cannot_be_guessed_by_trying(halfway: Client, device: AuthenticatorApp) -> None:
    for _ in range(5):
        halfway.post(reverse("second-factor"), {"code": "000000"})
    answer = halfway.post(reverse("second-factor"), {"code": code_of(device)})
    assert answer.headers["Location"] == reverse("desk-login")
    fresh = Client()
    post(fresh)
    answer = fresh.post(reverse("second-factor"), {"code": code_of(device)})
    assert answer.status_code == 400  # the device itself waits longer after every wrong code


def test_a_password_alone_cannot_replace_the_app(halfway: Client, device: AuthenticatorApp) -> None:
    answer = halfway.get(reverse("second-factor-setup"))
    assert answer.headers["Location"] == reverse("second-factor")
    halfway.post(reverse("second-factor-setup"), {"code": "000000"})
    assert AuthenticatorApp.objects.filter(confirmed=True).get() == device


def test_a_changed_password_ends_a_login_that_is_halfway(
    halfway: Client, mira: User, device: AuthenticatorApp
) -> None:
    mira.set_password("another long password")
    mira.save()
    answer = halfway.post(reverse("second-factor"), {"code": code_of(device)})
    assert answer.headers["Location"] == reverse("desk-login")


def test_an_app_is_set_up_with_a_qr_code_and_gives_recovery_codes(mira: User) -> None:
    client = Client()
    post(client)
    page = client.get(reverse("second-factor-setup")).content.decode()
    assert "<svg" in page
    assert "style=" not in page
    device = AuthenticatorApp.objects.get()
    assert not device.confirmed
    before = client.session.session_key
    done = client.post(reverse("second-factor-setup"), {"code": code_of(device)})
    codes = re.findall(r"<code>([a-z0-9-]{11})</code>", done.content.decode())
    assert len(set(codes)) == 10
    assert client.session.session_key != before
    again = Client()
    post(again)
    assert again.post(reverse("second-factor"), {"code": codes[3].upper()}).status_code == 302
    assert is_in(again)
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert len(stored) == 9  # used once, and gone
    assert not stored & {code.replace("-", "") for code in codes}


def test_the_secret_of_an_app_is_not_in_the_database(mira: User) -> None:
    device = service.begin(mira)
    secret = device.config_url.partition("secret=")[2].partition("&")[0]
    plain = base64.b32decode(secret)
    kept = TOTPDevice.objects.values_list("key", flat=True).get()
    assert len(plain) == 20
    assert is_sealed(kept)
    assert plain.hex() not in kept
    with override_settings(SECRET_KEY="of another portal, read from a stolen backup"):
        assert AuthenticatorApp.objects.get().bin_key != plain


def test_an_app_from_before_the_sealing_works_and_is_sealed_at_its_next_code(mira: User) -> None:
    plain = "3132333435363738393031323334353637383930"
    TOTPDevice.objects.create(user=mira, name="app", confirmed=True, key=plain)
    client = Client()
    post(client)
    code = f"{totp(bytes.fromhex(plain)):06d}"
    assert client.post(reverse("second-factor"), {"code": code}).status_code == 302
    assert is_in(client)
    kept = AuthenticatorApp.objects.get()
    assert is_sealed(kept.key)
    assert kept.bin_key.hex() == plain


def test_a_recovery_code_of_somebody_else_does_not_work(
    mira: User, device: AuthenticatorApp
) -> None:
    noor = get_user_model().objects.create_user("noor", password=PASSWORD)
    other = service.begin(noor)
    _, codes = service.confirm(noor, code_of(other))
    with pytest.raises(WrongCode):
        service.verify(mira, codes[0])


@pytest.fixture
def agents_need_one() -> Any:
    import dataclasses

    config = dataclasses.replace(settings.CONFIG, second_factor=("agent",))
    with override_settings(CONFIG=config):
        yield


def test_a_role_that_must_have_one_sets_it_up_at_login(mira: User, agents_need_one: None) -> None:
    client = Client()
    assert post(client).headers["Location"] == reverse("second-factor-setup")
    assert not is_in(client)
    client.get(reverse("second-factor-setup"))
    client.post(reverse("second-factor-setup"), {"code": code_of(AuthenticatorApp.objects.get())})
    assert client.get("/desk/").status_code == 200


def test_a_session_from_before_the_rule_is_stopped_everywhere(
    mira: User, agents_need_one: None
) -> None:
    client = Client()
    client.force_login(mira)
    assert client.get("/desk/").headers["Location"] == reverse("second-factor-setup")
    assert client.get(reverse("desk-me")).status_code == 401
    assert client.get("/admin/").headers["Location"] == reverse("second-factor-setup")
    with pytest.raises(NobodyAtDesk):
        access.session_agent(client.session.session_key)
    assert client.get("/").status_code == 200


def test_other_roles_are_not_bothered(mira: User, agents_need_one: None) -> None:
    boss = get_user_model().objects.create_user("boss", password=PASSWORD)
    boss.groups.add(Group.objects.get(name="supervisor"))
    client = Client()
    assert post(client, name="boss").headers["Location"] == "/desk/"
