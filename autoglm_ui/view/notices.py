"""Short words above the composer: why something was not done, while everything stays in place."""

from __future__ import annotations

import math
from html import escape

from autoglm_ui.conversation import StillAnswering
from autoglm_ui.quota import QuotaSpent
from autoglm_ui.session import NothingToSend
from autoglm_ui.store import NotSaved
from autoglm_ui.view.strings import Strings
from engine.protocol import AssistantError


def about(error: AssistantError, strings: Strings) -> str:
    """What did not work and what to do, in the reader's language."""
    if isinstance(error, StillAnswering):
        return plain(strings.still_answering)
    if isinstance(error, NothingToSend):
        return plain(strings.nothing_to_send)
    if isinstance(error, QuotaSpent):
        return plain(_spent(error, strings))
    if isinstance(error, NotSaved):
        return plain(strings.history.not_saved.format(reason=error.reason))
    words = strings.failures[error.kind]
    return _notice(words.title, f"{error.message}. {error.remedy if strings.code == 'en' else words.remedy}")


def _spent(error: QuotaSpent, strings: Strings) -> str:
    words, wait = strings.meter, math.ceil(error.wait)
    unit = words.seconds if wait < 100 else words.minutes
    shown = unit.format(count=wait if wait < 100 else math.ceil(wait / 60))
    return words.spent.format(allowance=f"{error.allowance:.0f}", wait=shown)


def refused(name: str, error: AssistantError, strings: Strings) -> str:
    """A file that cannot be attached."""
    return _notice(strings.refused.format(name=name), _detail(error, strings))


def not_imported(name: str, error: AssistantError, strings: Strings) -> str:
    """A file from which no conversations come."""
    return _notice(strings.history.import_refused.format(name=name), _detail(error, strings))


def not_exported(error: OSError, strings: Strings) -> str:
    """A file that could not be made, on a disk that is full for instance."""
    return plain(strings.history.not_exported.format(reason=error.strerror or type(error).__name__))


def _detail(error: AssistantError, strings: Strings) -> str:
    """Why, and what to do; the latter in the page's language."""
    advice = error.remedy if strings.code == "en" else strings.failures[error.kind].remedy
    return f"{error.message}. {advice}"


def plain(text: str) -> str:
    """A notice of one sentence."""
    return _notice(text, "")


def _notice(title: str, detail: str) -> str:
    more = f" <span>{escape(detail)}</span>" if detail else ""
    return f'<p class="notice" role="alert"><strong>{escape(title)}</strong>{more}</p>'
