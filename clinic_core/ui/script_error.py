"""What a script or a callback did not handle itself, drawn where the person looks."""

from pydantic import ValidationError

from clinic_core.errors import ClinicError, Unavailable
from clinic_core.ui.page import log_unexpected
from clinic_core.ui.states import as_invalid_input, draw_refusal, draw_unavailable, draw_unexpected


def draw_script_error(error: Exception) -> bool:
    """Draws a refusal as its sentence and anything else as a reference code; True, so that Streamlit adds nothing."""
    if isinstance(error, ValidationError):
        draw_refusal(as_invalid_input(error))
    elif isinstance(error, Unavailable):
        draw_unavailable(error.message)
    elif isinstance(error, ClinicError):
        draw_refusal(error)
    else:
        draw_unexpected(log_unexpected(error))
    return True
