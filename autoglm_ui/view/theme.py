"""Colours and type of the page; the layout is in assets/css, what Gradio's widgets do not do in assets/js."""

from __future__ import annotations

from pathlib import Path

from gradio import themes

ASSETS = Path(__file__).resolve().parents[2] / "assets"
CSS = ASSETS / "css" / "page.css"
ICON = ASSETS / "icon.svg"
JS = ASSETS / "js" / "page.js"

_INK = themes.Color(
    name="ink",
    c50="#f8f8f6",
    c100="#f1f1ee",
    c200="#e4e4df",
    c300="#cfcfc8",
    c400="#a3a39b",
    c500="#75756e",
    c600="#575751",
    c700="#3d3d39",
    c800="#262624",
    c900="#1b1b1a",
    c950="#131312",
)
_JADE = themes.Color(
    name="jade",
    c50="#eefaf6",
    c100="#d5f2e8",
    c200="#aee4d3",
    c300="#7acfb8",
    c400="#45b399",
    c500="#22967d",
    c600="#147765",
    c700="#115f52",
    c800="#114c43",
    c900="#103f38",
    c950="#062420",
)


def style() -> str:
    """Every style sheet: the page's, then those of its features, by name."""
    return _joined(CSS)


def script() -> str:
    """Every script: the page's, then those of its features, by name. Run once, however often it is put in."""
    return f"if (!window.autoglmPage) {{\n{_joined(JS)}\n}}"


def _joined(first: Path) -> str:
    features = sorted(path for path in first.parent.glob(f"*{first.suffix}") if path != first)
    return "\n".join(path.read_text(encoding="utf-8") for path in (first, *features))


# The system's own faces: nothing is fetched, and Chinese looks as it does everywhere else.
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "PingFang SC", "Noto Sans CJK SC", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace")


def theme() -> themes.Base:
    """Quiet paper and ink with one accent, light and dark."""
    return themes.Base(
        primary_hue=_JADE,
        secondary_hue=_JADE,
        neutral_hue=_INK,
        radius_size=themes.sizes.radius_lg,
        font=_SANS,
        font_mono=_MONO,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_900",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="*neutral_800",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_padding="0px",
        block_label_background_fill="transparent",
        block_title_text_weight="500",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        input_background_fill="#ffffff",
        input_background_fill_dark="*neutral_900",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_400",
        # Seen against the drawer, as what can be chosen must be.
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover_dark="*primary_400",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#06231e",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_dark="transparent",
        button_secondary_background_fill_hover="*neutral_200",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        color_accent_soft="*neutral_100",
        color_accent_soft_dark="*neutral_800",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )
