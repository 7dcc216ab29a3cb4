"""What `salesops lab` keeps of a notebook that an analyst saves: what stood on screen, and no widget.

A control lives in its kernel: in a saved notebook that is opened again it would be a dead picture, and the
page would say *widget model not found*. JupyterLab sends the state of the widgets with what is to be saved
(``saveState`` in ``jupyter/labconfig``); from it each display of the panel is written as the text, table
and chart that it showed, the controls as a line that says how to have them back, and the state is left out.
So the file can be read anywhere, and two saves of the same numbers are the same file.
"""

from __future__ import annotations

from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PANEL = "salesops-panel"

Models = dict[str, dict[str, Any]]


def plain(notebook: dict[str, Any]) -> None:
    """Put what widgets showed in their place, in a notebook as nbformat writes it."""
    kept = notebook.get("metadata", {}).pop("widgets", {})
    models = kept.get(STATE, {}).get("state", {})
    for cell in notebook.get("cells", []):
        if cell.get("cell_type") == "code":
            cell["outputs"] = [each for output in cell["outputs"] for each in _plain(output, models)]


def _plain(output: dict[str, Any], models: Models) -> list[dict[str, Any]]:
    if VIEW not in output.get("data", {}):
        return [output]
    model = models.get(output["data"][VIEW].get("model_id"), {})
    state = model.get("state", {})
    if model.get("model_name") == "OutputModel":
        return [_standing_alone(each) for each in state.get("outputs", [])]
    if PANEL in state.get("_dom_classes", []):
        return _without_controls(state, models)
    data = {kind: body for kind, body in output["data"].items() if kind != VIEW}
    return [{**output, "data": data}] if data else []


def _standing_alone(shown: dict[str, Any]) -> dict[str, Any]:
    body = shown.get("data", {}).get("text/html")
    if body is None:
        return shown
    framed = f'<div class="salesops-show">{"".join(body)}</div>'  # where the style of the panel reaches it
    return {**shown, "data": {**shown["data"], "text/html": framed}}


def _without_controls(panel: dict[str, Any], models: Models) -> list[dict[str, Any]]:
    """The panel's style, which what is below needs, and its page's words on having the controls back."""
    parts = [models.get(str(each).removeprefix("IPY_MODEL_"), {}) for each in panel.get("children", [])]
    page: dict[str, Any] = next((each["state"] for each in parts if "_css" in each.get("state", {})), {})
    said = page.get("words", {}).get("asleep", "")
    body = f'<style>{page.get("_css", "")}</style><p class="salesops-note">{said}</p>'
    return [{"output_type": "display_data", "metadata": {}, "data": {"text/html": body, "text/plain": said}}]


def _before_saving(model: dict[str, Any], **_where: Any) -> None:
    if model.get("type") == "notebook" and model.get("content"):
        plain(model["content"])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    app.contents_manager.register_pre_save_hook(_before_saving)
