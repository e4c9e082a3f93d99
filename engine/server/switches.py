"""Every way in which clients switch thinking on or off, and hide or show it."""

from __future__ import annotations

from typing import Literal

from engine.server.strict import Body, Integer

Display = Literal["separate", "inline", "hidden"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max", "default"]


class TemplateArguments(Body):
    """As vLLM, SGLang and llama.cpp pass them to the chat template."""

    enable_thinking: bool | None = None
    thinking: bool | None = None


class Thinking(Body):
    """As z.ai, BigModel and DeepSeek say it."""

    type: Literal["enabled", "disabled", "adaptive", "auto"] | None = None


class Reasoning(Body):
    """As OpenRouter says it. `exclude`: think, but keep it out of the reply."""

    enabled: bool | None = None
    effort: Effort | None = None
    max_tokens: Integer | None = None
    exclude: bool | None = None


class ThinkingSwitches(Body):
    """Every way in which clients of other servers switch thinking on or off, and hide or show it."""

    enable_thinking: bool | None = None
    """Think before answering. The model's own default is to think; any switch that says no wins."""
    chat_template_kwargs: TemplateArguments | None = None
    """The same, as vLLM, SGLang and llama.cpp take it."""
    thinking: Thinking | bool | None = None
    """The same, as z.ai, BigModel and DeepSeek take it."""
    reasoning_effort: Effort | None = None
    """`none` is off; the others are on."""
    reasoning: Reasoning | None = None
    """The same, as OpenRouter takes it."""
    think: bool | Effort | None = None
    """The same, as Ollama takes it."""
    thinking_budget: Integer | None = None
    """0 is off."""
    thinking_budget_tokens: Integer | None = None
    """0 is off."""

    include_reasoning: bool | None = None
    """false: think, but leave the thinking out of the reply."""
    return_reasoning: bool | None = None
    """false: think, but leave the thinking out of the reply."""
    separate_reasoning: bool | None = None
    """false: leave the thinking in the content, between `<think>` tags."""
    reasoning_format: str | None = None
    """`none`: leave the thinking in the content, between `<think>` tags."""

    @property
    def wants_thinking(self) -> bool | None:
        """What was asked for: off if any switch says off; None where none says anything."""
        template, reasoning = self.chat_template_kwargs, self.reasoning
        thinking = self.thinking.type if isinstance(self.thinking, Thinking) else self.thinking
        switches = [self.enable_thinking, self.think, self.reasoning_effort, thinking]
        if template is not None:
            switches += [template.enable_thinking, template.thinking]
        if reasoning is not None:
            switches += [reasoning.enabled, reasoning.effort]
        budgets = [self.thinking_budget, self.thinking_budget_tokens, reasoning and reasoning.max_tokens]
        votes = [switch not in (False, "none", "disabled") for switch in switches if switch is not None]
        votes += [budget != 0 for budget in budgets if budget is not None]
        return all(votes) if votes else None

    @property
    def display(self) -> Display:
        """Where the thinking goes: fields of its own, `<think>` in the content, or nowhere."""
        excluded = self.reasoning is not None and self.reasoning.exclude
        if excluded or self.include_reasoning is False or self.return_reasoning is False:
            return "hidden"
        if self.separate_reasoning is False or self.reasoning_format == "none":
            return "inline"
        return "separate"
