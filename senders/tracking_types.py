"""The types of tracking events, and what an event of each type means.

One table for Python and SQL: the dbt macro `tracking_types` is generated from it
(dagster_project/project/registry.py).
"""

from __future__ import annotations

import unicodedata

# What a type can mean:
#   departure   recipients and providers report it only of a mail that left
#   refusal     the contact refuses marketing mail
#   consent     the contact agrees to marketing mail or refuses it
#   hold        the contact gets no mail until a tick has read the event
#   hit         an HTTP request, which a machine can make too
#   engagement  what a person can do with a mail
#   auto_reply  a machine's answer
TRACKING_TYPES: dict[str, tuple[str, ...]] = {
    "sent": (),
    "delivered": ("departure",),
    "deferred": (),
    "bounced": ("departure", "hold"),
    "complained": ("departure", "refusal", "consent", "hold", "engagement"),
    "opened": ("departure", "hit", "engagement"),
    "clicked": ("departure", "hit", "engagement"),
    "replied": ("departure", "hold", "engagement"),
    "autoresponded": ("auto_reply",),
    "unsubscribed": ("departure", "refusal", "consent", "hold", "engagement"),
    "subscribed": ("consent",),
    "rejected": (),
    "unknown": (),
}


def types_that_mean(meaning: str) -> list[str]:
    """The types with a meaning, in the order of the table."""
    return [name for name, meanings in TRACKING_TYPES.items() if meaning in meanings]


BOUNCE_KEYS = ("bounce_type", "bounceType", "severity")
"""The keys of `detail` that can hold the kind of a bounce."""

# Providers' words for the kind of a bounce, and for the reason why a list suppresses an address:
# of Amazon SES, SendGrid, Mailgun, Postmark, Mandrill, Mailchimp, Brevo, Klaviyo, HubSpot, Iterable
# and Resend. Words are compared by their letters and digits: see `plain_word`.
BOUNCE_TYPES: dict[str, tuple[str, ...]] = {
    "hard": (
        *("hard", "hardbounce", "hardbounced", "permanent", "permanentbounce", "permanentfail"),
        *("permanentfailure", "bademailaddress", "invalidemail", "invalidemailaddress"),
        *("invalidrecipient", "unknownuser"),
    ),
    "soft": (
        *("soft", "softbounce", "softbounced", "transient", "transientbounce", "temporary"),
        *("temporarybounce", "temporaryfail", "temporaryfailure", "tempfail", "deferred"),
        *("blocked", "block", "blockbounce", "spamnotification", "dnserror", "mailboxfull"),
    ),
    "undetermined": ("undetermined", "unknown", "unclassified", "other", "technicalother"),
}
SUPPRESSION_REASONS: dict[str, tuple[str, ...]] = {
    "opt_out": (
        *("optout", "optedout", "unsubscribe", "unsubscribed", "unsubscribes", "unsub"),
        *("groupunsubscribe", "listunsubscribe", "globalunsubscribe", "emailunsubscribe"),
        *("subscriptionchange", "manualsuppression", "manuallysuppressed", "manual"),
        *("manuallydeactivated", "usersuppressed", "suppressed", "suppression"),
        *("stop", "stopped", "dnc", "donotcontact", "donotemail", "donotmail", "noemail", "nomail"),
        *("remove", "removed", "revoked", "withdrawn", "refused", "declined"),
        # In other languages; dbt/macros/staging/said.sql lists the same words for columns.
        *("abgemeldet", "abbestellt", "desabonne", "desabonnee", "desinscrit", "desinscrite"),
        *("desuscrito", "dadodebaja", "suscripcioncancelada", "disiscritto", "disiscritta"),
        *("iscrizioneannullata", "descadastrado", "inscricaocancelada", "assinaturacancelada"),
        *("uitgeschreven", "afgemeld"),
    ),
    "complained": (
        *("complained", "complaint", "complaints", "spamcomplaint", "spamcomplaints", "spam"),
        *("spamreport", "spamreports", "spamreported", "markedasspam", "markedemailasspam"),
        *("abuse", "abusereport", "abusecomplaint", "previousspam"),
    ),
    # The lists of bounces of Amazon SES, SendGrid and Mailgun hold permanent bounces only.
    "bounced": ("bounced", "bounce", "bounces", "cleaned", *BOUNCE_TYPES["hard"]),
    "import_in": ("importin", "subscribed", "subscribe", "optin", "optedin"),
    "import_out": ("importout", "neversubscribed", "nonsubscribed", "transactional"),
}


def plain_word(text: str) -> str:
    """A word without case, accents and punctuation: `Hard-Bounce`, `hard_bounce`: `hardbounce`."""
    bare = unicodedata.normalize("NFD", text.lower())
    return "".join(each for each in bare if each.isascii() and each.isalnum())


def plain_word_sql(text: str) -> str:
    """Write DuckDB SQL of `plain_word`; `text` is an SQL expression."""
    return f"regexp_replace(strip_accents(lower({text})), '[^a-z0-9]', '', 'g')"


def bounce_kind(text: str) -> str | None:
    """The kind of bounce (hard, soft, undetermined) that a provider's word means, or None."""
    return _meaning(BOUNCE_TYPES, text)


def suppression_reason(text: str) -> str | None:
    """The consent statement that a provider's word means, or None."""
    return _meaning(SUPPRESSION_REASONS, text)


def _meaning(words: dict[str, tuple[str, ...]], text: str) -> str | None:
    plain = plain_word(text)
    return next((meaning for meaning, known in words.items() if plain in known), None)
