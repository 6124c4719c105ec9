"""The still face of widgets: what ipywidgets kept of them, as markup that a report can show without a kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeGuard

STATE: Final = "application/vnd.jupyter.widget-state+json"
_PREFIX: Final = "IPY_MODEL_"
_DEEPEST: Final = 40
_MOST: Final = 2_000  # widgets of one view
_BOXES: Final = ("Box", "HBox", "VBox", "GridBox", "Tab", "Accordion", "Stack", "AppLayout", "GridspecLayout")
_CHOICES: Final = ("Dropdown", "RadioButtons", "Select", "ToggleButtons", "SelectionSlider")
_MANY: Final = ("SelectMultiple", "SelectionRangeSlider")
_MARKUP: Final = ("HTML", "HTMLMath")
_YES_NO: Final = ("Checkbox", "ToggleButton", "Valid")
_PERCENT: Final[tuple[Any, Any]] = (0, 100)
_MEDIA: Final = {"Audio": "a sound", "Video": "a film", "FileUpload": "a button to upload files", "Play": "a player"}


class Widgets:
    """Draws views of the models that a notebook keeps in its metadata.

    `text` escapes, `clean` reduces markup to what is harmless (empty when nothing is left), `output` draws an output
    of a cell.
    """

    def __init__(
        self,
        kept: Any,
        *,
        text: Callable[[object], str],
        clean: Callable[[str], str],
        output: Callable[[Mapping[str, Any]], str],
    ) -> None:
        state = kept.get(STATE) if isinstance(kept, Mapping) else None
        models = state.get("state") if isinstance(state, Mapping) else None
        self._models: Mapping[str, Any] = models if isinstance(models, Mapping) else {}
        self._text, self._clean, self._output = text, clean, output
        self._left = _MOST

    def drawn(self, model_id: str) -> str:
        """Markup for the view of one model; empty where nothing is kept of it."""
        self._left = _MOST
        return self._view(model_id, 0) if model_id in self._models else ""

    def _view(self, reference: object, depth: int) -> str:
        model_id = str(reference).removeprefix(_PREFIX)
        model = self._models.get(model_id)
        self._left -= 1
        if not isinstance(model, Mapping) or not isinstance(model.get("state"), Mapping):
            return ""
        if depth > _DEEPEST or self._left < 0:
            return "<p>(more widgets, left out here)</p>"
        state = model["state"]
        kind = str(model.get("model_name", "")).removesuffix("Model")
        if self._is_hidden(state):
            return ""
        return self._of_kind(kind, state, model, depth)

    def _is_hidden(self, state: Mapping[str, Any]) -> bool:
        layout = self._models.get(str(state.get("layout")).removeprefix(_PREFIX))
        kept = layout.get("state") if isinstance(layout, Mapping) else None
        return isinstance(kept, Mapping) and (kept.get("display") == "none" or kept.get("visibility") == "hidden")

    def _of_kind(self, kind: str, state: Mapping[str, Any], model: Mapping[str, Any], depth: int) -> str:
        known: dict[str, Callable[[], str]] = {
            **dict.fromkeys(_BOXES, lambda: self._box(kind, state, depth)),
            **dict.fromkeys(_MARKUP, lambda: self._line(state, self._clean(str(state.get("value"))))),
            **dict.fromkeys(_MEDIA, lambda: f"<p>({_MEDIA[kind]}, which only a live page has)</p>"),
            "Button": lambda: self._button(state),
            "Output": lambda: self._outputs(state.get("outputs")),
            "Image": lambda: self._image(state, model),
            "Password": lambda: self._line(state, "(hidden)" if state.get("value") else "(empty)"),
        }
        if kind in known:
            return known[kind]()
        if kind.endswith("Progress") or _is_bar(state):
            return self._progress(state)
        if isinstance(state.get("html"), str):
            return self._clean(state["html"])
        said = self._value(kind, state)
        if said is None:
            return f"<p>(a widget of the kind {self._text(kind or 'unknown')}, which only a live page can draw)</p>"
        return self._line(state, self._text(said))

    def _button(self, state: Mapping[str, Any]) -> str:
        return f'<p><span class="button">{self._text(state.get("description") or "button")}</span></p>'

    def _outputs(self, shown: object) -> str:
        return "".join(self._output(one) for one in shown if isinstance(one, Mapping)) if _is_list(shown) else ""

    def _value(self, kind: str, state: Mapping[str, Any]) -> str | None:
        value, labels = state.get("value"), state.get("_options_labels")
        if kind in _CHOICES + _MANY:
            index = state.get("index")
            chosen = index if _is_list(index) else [index]
            known = labels if _is_list(labels) else []
            said = [str(known[n]) for n in chosen if isinstance(n, int) and 0 <= n < len(known)]
            return ", ".join(said) or "(nothing chosen)"
        if kind in _YES_NO:
            return "yes" if value else "no"
        if isinstance(value, Mapping) and {"year", "month", "date"} <= value.keys():
            return f"{value['year']}-{_two(value['month'], 1)}-{_two(value['date'])}"  # months are counted from 0
        if _is_list(value):
            return ", ".join(map(str, value))
        if isinstance(value, str | int | float):
            return str(value)
        return "(empty)" if "value" in state and value is None else None

    def _line(self, state: Mapping[str, Any], said: str) -> str:
        name = self._text(state.get("description") or "")
        return f"<div>{f'<strong>{name}</strong> ' if name else ''}{said}</div>"

    def _box(self, kind: str, state: Mapping[str, Any], depth: int) -> str:
        children = state.get("children")
        views = [self._view(child, depth + 1) for child in children] if _is_list(children) else []
        kept = state.get("titles", state.get("_titles"))
        titles = list(kept.values()) if isinstance(kept, Mapping) else kept if _is_list(kept) else []
        named = [
            f"<p><strong>{self._text(titles[n])}</strong></p>{view}" if n < len(titles) and titles[n] else view
            for n, view in enumerate(views)
        ]
        row = " row" if kind == "HBox" else ""
        return f'<div class="widgets{row}">{"".join(named)}</div>' if any(named) else ""

    def _progress(self, state: Mapping[str, Any]) -> str:
        if _is_bar(state):
            name, said = state.get("label"), f"{state.get('text') or ''} {state.get('news') or ''}".strip()
            value, low, high = state["percent"], *_PERCENT
        else:
            name, said = state.get("description"), ""
            value, low, high = state.get("value"), state.get("min"), state.get("max")
        numbers = [one for one in (value, low, high) if isinstance(one, int | float)]
        if len(numbers) < 3 or numbers[1] >= numbers[2]:  # noqa: PLR2004 - one of them is none
            return self._line(state, self._text(value))
        at, least, most = numbers
        words = self._text(said or f"{at:g} of {most:g}")
        bar = f'<progress aria-label="{self._text(name or "progress")}" max="{most - least:g}" value="{at - least:g}">'
        return f"<div><strong>{self._text(name or '')}</strong> {bar}</progress> {words}</div>"

    def _image(self, state: Mapping[str, Any], model: Mapping[str, Any]) -> str:
        kind = str(state.get("format", "png")).lower().replace("jpg", "jpeg")
        held = model.get("buffers")
        for one in held if _is_list(held) else ():
            if isinstance(one, Mapping) and one.get("path") == ["value"]:
                return self._output({"data": {f"image/{kind}": one.get("data")}})
        return "<p>(an empty picture)</p>"


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _is_bar(state: Mapping[str, Any]) -> bool:
    return isinstance(state.get("percent"), int | float) and "label" in state


def _two(value: object, more: int = 0) -> str:
    return f"{value + more:02d}" if isinstance(value, int) else str(value)
