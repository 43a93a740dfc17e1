"""The few pages that are plain HTML: no script, no outside resource, readable in light and dark."""

from dataclasses import dataclass
from html import escape
from string import Template

from starlette.responses import HTMLResponse

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_PAGE = Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title · Clinicboard</title>
<meta name="viewport" content="width=device-width, initial-scale=1">$head
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 22rem; margin: 12vh auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
label { display: block; margin: 0 0 1rem; }
input { display: block; box-sizing: border-box; width: 100%; padding: .5rem; margin-top: .25rem; font: inherit; }
button { font: inherit; font-weight: 600; padding: .5rem 1rem; border: 0; border-radius: .25rem;
  background: #0f6e84; color: #fff; cursor: pointer; }
.message { border-left: .25rem solid #0f6e84; padding: .25rem .75rem; margin: 0 0 1rem; }
.error { border-color: #b4324a; }
.hint { opacity: .8; }
</style></head><body><main><h1>$title</h1>$message$body</main></body></html>
"""
)


def page(
    title: str, body: str, *, message: str = "", error: str = "", status: int = 200, head: str = ""
) -> HTMLResponse:
    """A page that nobody stores and that tells no other site where it was; texts are escaped, `body` is markup."""
    said = f'<p class="message" role="status">{escape(message)}</p>' if message else ""
    said += f'<p class="message error" role="alert">{escape(error)}</p>' if error else ""
    markup = _PAGE.substitute(title=escape(title), head=head, message=said, body=body)
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(markup, status_code=status, headers=headers)


@dataclass(frozen=True)
class Form:
    """Where a form goes, its fields as markup, and the word on its button."""

    action: str
    fields: str
    button: str

    def markup(self, secret: str) -> str:
        """The form with the secret of the browser's form cookie."""
        return (
            f'<form method="post" action="{escape(self.action)}">{hidden_field("form", secret)}{self.fields}'
            f"<button>{escape(self.button)}</button></form>"
        )


def field(label: str, name: str, *, kind: str = "text", autocomplete: str, value: str = "", focus: bool = False) -> str:
    """A labelled input that must be filled in."""
    focused = " autofocus" if focus else ""
    return (
        f'<label>{escape(label)}<input name="{escape(name)}" type="{escape(kind)}" value="{escape(value)}"'
        f' autocomplete="{escape(autocomplete)}" maxlength="254" required{focused}></label>'
    )


def hidden_field(name: str, value: str) -> str:
    """An input that nobody sees."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def paragraph(text: str, *, link: tuple[str, str] | None = None) -> str:
    """A sentence, with a link behind it when given as (address, words)."""
    more = f' <a href="{escape(link[0])}">{escape(link[1])}</a>' if link else ""
    return f'<p class="hint">{escape(text)}{more}</p>'


def unavailable_page() -> HTMLResponse:
    """The database is away: nothing is lost, and the page comes back by itself."""
    body = paragraph(
        "The database does not answer at the moment. What you saved is safe; this page tries again by itself."
    )
    response = page("One moment, please", body, status=503, head='<meta http-equiv="refresh" content="5">')
    response.headers["Retry-After"] = "5"
    return response
