"""Lines that WhatsApp writes into a chat in the sender's name: media, deletions, edits, calls, in seven languages."""

from __future__ import annotations

import re

_FULL_STOP = r"[.。]?"
_DELETED_BY_OWNER = (
    "You deleted this message",
    "Du hast diese Nachricht gelöscht",
    "(?:Eliminaste|Borraste|Has eliminado) este mensaje",
    "Vous avez supprimé ce message",
    "(?:Você apagou|Apagou|Apagaste|Eliminou) (?:esta|essa) mensagem",
    "Hai eliminato questo messaggio",
    "(?:Je|U) hebt dit bericht verwijderd",
)
_DELETED = (
    "This message was deleted(?: by (?:an |the )?(?:group )?admin.*)?",
    "You deleted this message as (?:an )?admin",
    "Diese Nachricht wurde gelöscht",
    "Se eliminó este mensaje|Este mensaje fue eliminado",
    "Ce message a été supprimé",
    "(?:Esta|Essa) mensagem foi apagada|Mensagem apagada",
    "Questo messaggio è stato eliminato",
    "Dit bericht is verwijderd",
)
_THINGS = (
    "image|video|audio|sticker|GIF|document|media|photo|contact card|video note|Bild|Dokument|imagen|documento"
    "|immagine|imagem|afbeelding|vidéo|vídeo|imágenes"
)
_OMITTED = "omitted|weggelassen|omitid[oa]s?|omess[oa]|absente?|ocultad[oa]|weggelaten"
_ATTACHED = (
    "file attached|Datei angehängt|archivo adjunto|fichier joint|arquivo anexado|ficheiro anexado"
    "|file allegato|bestand bijgevoegd"
)
_NOTE = re.compile(
    "(?:"
    + "|".join(
        (
            *(text + _FULL_STOP for text in (*_DELETED_BY_OWNER, *_DELETED)),
            rf"(?:{_THINGS}) (?:{_OMITTED})",
            r"<[^<>\n]{1,80}\s[^<>\n]{1,80}>",
            rf"[^\n]{{1,200}}\.\w{{2,5}} \((?:{_ATTACHED})\)",
            r"(?:live )?location: https?://\S+",
            r"live location shared",
            r"missed (?:group )?(?:voice|video) call",
            r"waiting for this message(?:\. This may take a while)?" + _FULL_STOP,
            r"null",
            "",
        )
    )
    + r")\Z",
    re.IGNORECASE,
)
_BY_OWNER = re.compile("(?:" + "|".join(_DELETED_BY_OWNER) + ")" + _FULL_STOP + r"\Z", re.IGNORECASE)
_TAIL = re.compile(
    "(?:\u200e<[^<>\n]*>"
    "|<(?:This message was edited|Diese Nachricht wurde bearbeitet|Se editó este mensaje|Este mensaje se editó"
    "|Ce message a été modifié|(?:Esta|Essa) mensagem foi editada|Questo messaggio è stato modificato"
    "|Dit bericht is bewerkt)\\.?>)\\Z",
    re.IGNORECASE,
)
_TAIL_CHARS = 200


def is_note(line: str) -> bool:
    """Tell whether a line, without invisible marks, is WhatsApp's and not the sender's.

    >>> is_note("<Media omitted>"), is_note("IMG-1.jpg (file attached)"), is_note("I omitted the image")
    (True, True, False)
    """
    return _NOTE.match(line) is not None


def deleted_by_owner(line: str) -> bool:
    """Tell whether the line says that the owner of the phone deleted their own message."""
    return _BY_OWNER.match(line) is not None


def without_tail(text: str) -> str:
    """Return a message without the note that it was edited or came with a file.

    >>> without_tail("see you at six <This message was edited>")
    'see you at six'
    """
    if not text.endswith(">"):
        return text
    return (text[:-_TAIL_CHARS] + _TAIL.sub("", text[-_TAIL_CHARS:])).rstrip()
