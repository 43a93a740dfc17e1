"""Writing and reading notes: the editor that keeps every keystroke on the server, and the views of what is written."""

from clinic_core.ui.note_editor.editor import draw_amendment, draw_editor
from clinic_core.ui.note_editor.views import draw_note, draw_versions

__all__ = ["draw_amendment", "draw_editor", "draw_note", "draw_versions"]
