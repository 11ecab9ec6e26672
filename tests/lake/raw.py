"""Requests to the S3 store that the client does not make: keys with a slash at their end, or without a name inside.

Signature version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import quote, urlsplit

from tests.lab.buckets import REGION, Key


def request(endpoint: str, key: Key, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Send one signed request for `/bucket/key`, whose key is sent as it is. Returns status and body."""
    parts = urlsplit(endpoint)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    raw = quote(path, safe="/-_.~")
    content = hashlib.sha256(body).hexdigest()
    sent = {"host": parts.netloc, "x-amz-content-sha256": content, "x-amz-date": now}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    signed = ";".join(sorted(sent))
    lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    canonical = f"{method}\n{raw}\n\n{lines}\n{signed}\n{content}"
    scope = f"{now[:8]}/{REGION}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"AWS4{key.secret}".encode()
    for part in (now[:8], REGION, "s3", "aws4_request"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    sent["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key.access}/{scope}, SignedHeaders={signed}, Signature={signature}"
    )
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    try:
        connection.request(method, raw, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
