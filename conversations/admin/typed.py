"""Django's admin classes, generic for the type checker and plain at run time."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin

if TYPE_CHECKING:
    from conversations.models import Article

    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    ArticleModelForm = forms.ModelForm[Article]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
    ArticleModelForm = forms.ModelForm
