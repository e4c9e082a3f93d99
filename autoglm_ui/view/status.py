"""The status line and the composer's tray, as HTML in which everything foreign is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from autoglm_ui.conversation import Reply
from autoglm_ui.session import Attachment
from autoglm_ui.store import MediaFolder, NotSaved
from autoglm_ui.view.strings import Strings
from engine.protocol import AudioHeard, Backend, Failed, ImagePart, ImageSeen, Readiness


def status_line(
    backend: Backend,
    reply: Reply | None,
    strings: Strings,
    unsaved: NotSaved | None = None,
    seconds_left: float | None = None,
) -> str:
    """The state, what the model saw, the speed of the reply, what is left of the visitor's allowance, and
    what could not be saved."""
    readiness = backend.readiness()
    state, word = _state(readiness, reply, backend.name, strings)
    facts = [] if reply is None else [*_perceived(reply, strings), *_speed(reply, strings)]
    if readiness.state == "ready":
        facts = [*_lacking(backend, strings), *facts]
    if seconds_left is not None:
        facts.append(strings.meter.left.format(seconds=f"{seconds_left:.0f}"))
    if readiness.failure is not None:
        facts = [failure_sentence(readiness.failure, strings)]
    bar = ""
    if readiness.state == "loading":
        width = "" if readiness.progress is None else f' style="--progress: {readiness.progress:.3f}"'
        kind = "bar unknown" if readiness.progress is None else "bar"
        bar = f'<span class="{kind}"{width} aria-hidden="true"></span>'
    return (
        f'<div class="status-line" data-state="{state}">'
        f'<span class="dot" aria-hidden="true"></span>'
        f'<span class="state">{escape(word)}</span>{bar}'
        + (f'<span class="backend-name">{escape(backend.name)}</span>' if readiness.state == "ready" else "")
        + "".join(f'<span class="fact">{escape(fact)}</span>' for fact in facts)
        + (_unsaved(unsaved, strings) if unsaved else "")
        + "</div>"
    )


def _unsaved(problem: NotSaved, strings: Strings) -> str:
    sentence = strings.history.not_saved.format(reason=problem.reason)
    return f'<span class="unsaved" role="alert">{escape(sentence)}</span>'


def failure_sentence(failure: Failed, strings: Strings) -> str:
    """Why a backend cannot be used, and what to do."""
    advice = failure.remedy if strings.code == "en" else strings.failures[failure.kind].remedy
    return f"{failure.message[:1].upper()}{failure.message[1:].rstrip('.')}. {advice}"


def _state(readiness: Readiness, reply: Reply | None, name: str, strings: Strings) -> tuple[str, str]:
    if readiness.state == "loading":
        if readiness.progress is None:
            return "loading", strings.loading.format(name=name)
        return "loading", strings.loading_percent.format(name=name, percent=round(100 * readiness.progress))
    if readiness.state == "failed":
        return "failed", strings.load_failed.format(name=name)
    words = {
        "waiting": strings.waiting,
        "loading": strings.waiting,
        "thinking": strings.thinking,
        "answering": strings.answering,
        "done": strings.ready,
        "stopped": strings.stopped,
        "failed": strings.failed,
    }
    return (reply.status, words[reply.status]) if reply is not None else ("ready", strings.ready)


def _lacking(backend: Backend, strings: Strings) -> list[str]:
    """What it cannot take in, said before anyone tries."""
    takes = backend.capabilities()
    return [strings.no_eye] * (not takes.image) + [strings.no_ear] * (not takes.audio)


def _perceived(reply: Reply, strings: Strings) -> list[str]:
    if reply.perceived is None:
        return []
    facts = [_saw(image, strings) for image in reply.perceived.images]
    facts += [_heard(audio, strings) for audio in reply.perceived.audios]
    if reply.perceived.dropped_messages:
        facts.append(strings.dropped.format(count=reply.perceived.dropped_messages))
    return facts


def _saw(image: ImageSeen, strings: Strings) -> str:
    return strings.saw.format(
        width=image.width,
        height=image.height,
        original_width=image.original_width,
        original_height=image.original_height,
    )


def _heard(audio: AudioHeard, strings: Strings) -> str:
    if audio.transcript is not None:
        return strings.heard_text.format(transcript=audio.transcript)
    return strings.heard.format(seconds=f"{audio.seconds:.1f}")


def _speed(reply: Reply, strings: Strings) -> list[str]:
    facts: list[str] = []
    first = reply.timings.first_token if reply.timings.first_token is not None else reply.first_token
    if first is not None:
        facts.append(strings.first_token.format(seconds=f"{first:.2f}"))
    if reply.timings.tokens_per_second is not None:
        facts.append(strings.speed.format(speed=f"{reply.timings.tokens_per_second:.0f}"))
    if reply.usage.completion_tokens is not None:
        facts.append(strings.tokens.format(count=reply.usage.completion_tokens))
    return facts


def tray(attachments: Iterable[Attachment], media: MediaFolder, strings: Strings) -> str:
    """What waits in the composer: thumbnails and players, each with a button to remove it."""
    items = "".join(_item(attachment, media, strings) for attachment in attachments)
    return f'<ul class="tray">{items}</ul>' if items else ""


def _item(attachment: Attachment, media: MediaFolder, strings: Strings) -> str:
    part = attachment.part
    url, name = escape(media.url(part), quote=True), escape(part.name, quote=True)
    if isinstance(part, ImagePart):
        shown = f'<img src="{url}" alt="{name}"><span class="size">{part.width}×{part.height}</span>'
        kind = "picture"
    else:
        shown = f'<audio controls preload="metadata" src="{url}" aria-label="{name}"></audio>'
        kind = "sound"
    label = escape(strings.remove.format(name=part.name), quote=True)
    return (
        f'<li class="attachment {kind}">{shown}'
        f'<button type="button" class="remove" data-remove="{attachment.id}"'
        f' aria-label="{label}" title="{label}">'
        '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8"/></svg></button></li>'
    )
