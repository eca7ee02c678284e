"""Security headers, in one place for every front."""

from typing import Final

CONTENT_SECURITY_POLICY: Final = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip

EVERYWHERE: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
ANSWERS: Final = {"Cache-Control": "no-store"}
"""For everything under /api: nothing of it may stay in a browser's cache."""
PAGES: Final = {"Cache-Control": "no-cache"}
ASSETS: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
"""For addresses that carry the fingerprint of their content."""
