"""Errbot's web server with one webhook that verifies a signature, without a chat backend."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from typing import Any

from errbot.core_plugins import flask_app
from errbot.core_plugins.wsview import WebView
from flask import Response
from werkzeug.serving import ThreadedWSGIServer


def verify_webhook(request: Any) -> Response:
    """Answer 200 for a valid signature, else 401."""
    made = hmac.new(os.environ["SECRET"].encode(), request.get_data(), hashlib.sha256).hexdigest()
    proven = hmac.compare_digest(request.headers.get("X-Hub-Signature-256", ""), f"sha256={made}")
    return Response(status=200 if proven else 401)


def main() -> None:
    """Serve like its webserver plugin, until killed."""
    logging.disable(logging.CRITICAL)
    view = WebView.as_view("take", verify_webhook, form_param=None, raw=True)
    flask_app.add_url_rule(os.environ["WEBHOOKS"], view_func=view, methods=["POST"])
    ThreadedWSGIServer("127.0.0.1", int(os.environ["PORT"]), flask_app).serve_forever()


if __name__ == "__main__":
    main()
