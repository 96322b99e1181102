"""The one login of desk, insights and admin: password, then a code where the account has one."""

from typing import Any

import segno
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString, mark_safe
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as remember_device

from conversations import access
from conversations.login import lockout, pending
from conversations.services.second_factor import SecondFactorService, WrongCode

FORM_BYTES = 16 * 1024
CODE_CHARS = 32
service = SecondFactorService()


class Login(LoginView):
    """Django's login in our clothes, behind the lock; it goes on to the second factor if needed."""

    template_name = "desk/login.html"
    next_page = "desk"

    @method_decorator(sensitive_post_parameters())
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            if int(request.META.get("CONTENT_LENGTH") or 0) > FORM_BYTES:
                return HttpResponse(status=413)
            if refusal := lockout.check_address(request):
                return refusal
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        if service.is_set_up(user):
            pending.begin(self.request, user, self.get_success_url())
            return redirect("second-factor")
        if access.needs_second_factor(user):
            pending.begin(self.request, user, self.get_success_url())
            return redirect("second-factor-setup")
        return super().form_valid(form)


class Logout(LogoutView):
    """By POST only, so that no foreign page can log an agent out."""

    next_page = "desk-login"


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SecondFactor(View):
    """Asks for a code of the app, or a recovery code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if pending.user_of(request) is None:
            return redirect("desk-login")
        return render(request, "desk/second_factor.html")

    def post(self, request: HttpRequest) -> HttpResponse:
        user = pending.user_of(request)
        if user is None:
            return redirect("desk-login")
        if refusal := lockout.check_address(request):
            return refusal
        try:
            device = service.verify(user, code_of(request))
        except WrongCode as exc:
            pending.failed(request)
            return render(request, "desk/second_factor.html", {"error": exc.detail}, status=400)
        return redirect(pending.finish(request, user, device))


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SecondFactorSetup(View):
    """Sets up an app by its QR code: for who must at login, and for who wants to later."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user, refusal = self._whose(request)
        return refusal or self._page(request, user)

    def post(self, request: HttpRequest) -> HttpResponse:
        user, refusal = self._whose(request)
        if refusal:
            return refusal
        try:
            device, codes = service.confirm(user, code_of(request))
        except WrongCode as exc:
            pending.failed(request)
            return self._page(request, user, error=exc.detail, status=400)
        next_url = reverse("desk")
        if request.user.is_authenticated:
            remember_device(request, device)
            request.session.cycle_key()
        else:
            next_url = pending.finish(request, user, device)
        return render(request, "desk/recovery_codes.html", {"codes": codes, "next": next_url})

    def _whose(self, request: HttpRequest) -> tuple[Any, HttpResponse | None]:
        """The user who may set up an app now, or the answer for who may not.

        Where there is an app already, a password alone must not be able to replace it.
        """
        user = request.user if request.user.is_authenticated else pending.user_of(request)
        if user is None:
            return None, redirect(f"{reverse('desk-login')}?next={reverse('second-factor-setup')}")
        verified = request.user.is_authenticated and request.user.is_verified()  # type: ignore[attr-defined]
        if service.is_set_up(user) and not verified:
            return None, redirect("second-factor")
        return user, None

    def _page(
        self, request: HttpRequest, user: Any, *, error: str = "", status: int = 200
    ) -> HttpResponse:
        device = service.begin(user)
        address = device.config_url
        context = {
            "qr": qr_code(address),
            "secret": address.partition("secret=")[2].partition("&")[0],
            "error": error,
            "replaces": service.is_set_up(user),
            "must": access.needs_second_factor(user),
        }
        return render(request, "desk/second_factor_setup.html", context, status=status)


def code_of(request: HttpRequest) -> str:
    return request.POST.get("code", "")[:CODE_CHARS]


def qr_code(text: str) -> SafeString:
    """An SVG of dark squares, without a script or a style."""
    image = segno.make(text, error="m", micro=False)
    svg = image.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None)
    return mark_safe(svg)  # noqa: S308 (paths that segno draws, no text of anybody)
