"""The names that vendors give their columns, in several spellings and languages.

A model reads a column by one name, such as `Email Address`. A file may call it `E-Mail-Adresse` or
`email_address`. `__sources.yml` says what a column means (`means: email`), and `column_names.csv`
lists the names of each meaning.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagster_project.landing.shapes.declared import DeclaredTable

_FILE = Path(__file__).with_suffix(".csv")

# Parts of squashed names (`squash`) that are about consent, in several languages.
_CONSENT = re.compile(
    unicodedata.normalize(
        "NFKD",
        "optout|optedout|optin|optedin|unsub|subscribed|subscribe$|subscriptionstatus|mailsubscri"
        "|consent|consens|permission|gdpr|dsgvo|rgpd|donotemail|donotcontact|donotmail|noemail|nomail"
        "|mailallowed|allowemail|allowmail|acceptsmarketing|acceptmarketing|acceptsemail|acceptemail"
        "|newsletter|mailinglist|bounce|suppress|blacklist|blocklist|mailblocked|complain|spamreport"
        "|markedasspam|invalidemail|emailinvalid|emailstatus"
        "|abgemeldet|abmeld|abbestell|einwillig|zustimm|widerruf|widersp|werbesperre|werbeerlaubnis"
        "|keinewerbung|keineemail|desabon|desinscri|abonne$|suscrito|suscripcion.*correo"
        "|cancel.*(subscri|suscri|inscri)|(subscri|suscri|inscri).*cancel|annullat.*iscri"
        "|debaja|consentim|disiscri|rimbalz|uitgeschreven|uitschrijv|afgemeld|afmeld"
        "|toestemming|descadastr|avregistr|avmeld|samtyck|samtykke|frameld|suostumus"
        "|zgoda|wypis|souhlas|отпис|отказ|согласи|配信停止|購読"
        # do not send, may receive, refused, excluded, suspended
        "|(?:donot|dont|never|stop)(?:e?mail|market|solicit)|nomarketing|legalbasis|bemailed|mailable"
        "|(?:can|not|want|wish|agree).*receiv|subscri(?:ber|ption)status"
        "|(?:allow|reject|declin|quarantin|suspend|withdr|block|exclu).*(?:mail|market)"
        "|(?:mail|market|newsletter).*(?:allowed|reject|declin|quarant|suspend|withdr|block|preference)"
        "|(?:mail|kontakt|versand)sperre|robinson|nichtanschreiben|nichtkontaktieren|keinemail"
        "|mail.*(?:erlaubt|deaktiv|gesperrt|exclu|desactiv)|angeschriebenwerden|statutmarketing"
        "|(?:refus|autoris|acceptele|nepas|neplus|desactiv).*(?:mail|courriel|contacter|solliciter)"
        "|(?:noparticip|norecib|deseareci|noenvi|rechaz|acepta|anul|cancel).*(?:correo|mail)"
        "|nocontactar|estadodemarketing|estado.*suscri|statusdemarketing"
        "|(?:naorec|naoenv|recus|aceita|rifiut|noninvi|nonricev|accetta|annul).*mail|iscri.*annul"
        "|naocontat|noncontattare|geenemail|nietmail|tilmeldt|afmeldt|peruutt|subskryp|abonelik|c\u0131kt"
        "|送信除外|メール.*(?:拒否|除外|停止|解除)|(?:配信|受信).*(?:拒否|解除|除外)|수신거부|수신동의|取消订阅|退订",
    )
)
# Other channels than e-mail, unless the name says e-mail too.
_OTHER_CHANNEL = re.compile("sms|whatsapp|phone|telefo|call|fax|push|postal|cookie")
# Names of something about a refusal that is not the refusal: a count, a link, a campaign, a role.
_NO_STATE = re.compile(
    "ip$|url$|link$|count$|rate$|^numberof|^num[^a-z]|campaign|kampagne|reasonother|userpermission"
    "|permissionset|marketingcontact"
)


def squash(name: str) -> str:
    """Reduce a name to its letters and digits, without case and accents.

    `E-Mail Address`, `email_address` and `emailAddress` give `emailaddress`.
    """
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(each for each in decomposed if each.isalnum())


def looks_like_consent(name: str) -> bool:
    """Whether a column name seems to say if a contact may be mailed."""
    short = squash(name)
    if not _CONSENT.search(short) or _NO_STATE.search(short):
        return False
    is_mail = any(word in short for word in ("mail", "epost", "correo", "courriel"))
    return is_mail or not _OTHER_CHANNEL.search(short)


@cache
def names_of_meanings() -> dict[str, tuple[str, ...]]:
    """Return the names of each meaning, as `column_names.csv` lists them."""
    found: dict[str, tuple[str, ...]] = {}
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["meaning"]] = found.get(row["meaning"], ()) + tuple(row["names"].split("|"))
    return found


def recognized(table: DeclaredTable, names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Find the file's columns that models read by another name.

    Args:
        table: the columns that models read.
        names: the columns of the file.
        taken: columns of the table that the file or the source's mapping gives already.

    Returns:
        The file's name by the table's name. A column that the table declares by its exact name is
        left out.

    """
    known = _spellings(table)
    declared = {name.casefold() for name in table.columns}
    addresses = {name.casefold() for name, one in table.columns.items() if one.means == "email"}
    others = [name for name, one in table.columns.items() if one.means == "other_emails"]
    opt_outs = [name for name, one in table.columns.items() if one.means == "opt_out"]
    used = {name.casefold() for name in taken}
    found: dict[str, str] = {}
    for name in names:
        if name.casefold() in declared:
            continue
        ours = next((known[form] for form in _forms(name, table.called) if form in known), None)
        if ours is not None and table.columns[ours].means == "email" and addresses & used:
            # A second column with addresses: models would read one of two main addresses.
            ours = next((one for one in others if one.casefold() not in used), None)
        if ours is not None and table.columns[ours].means == "opt_out":
            # Models read every column about an opt-out.
            free = (one for one in opt_outs if one.casefold() not in used)
            ours = ours if ours.casefold() not in used else next(free, None)
        if ours is None or ours.casefold() in used:
            continue
        found[ours] = name
        used.add(ours.casefold())
    return found


def _spellings(table: DeclaredTable) -> Mapping[str, str]:
    """Return the table's column by each of its squashed names; the first column with a name."""
    known: dict[str, str] = {}
    for name in table.columns:
        known.setdefault(squash(name), name)
    for name in table.columns:
        for prefix in table.prefixes:
            if name.startswith(prefix):
                for other in ("", *table.prefixes):
                    known.setdefault(squash(other + name.removeprefix(prefix)), name)
    meanings = names_of_meanings()
    for name, column in table.columns.items():
        for spelling in (*column.also, *meanings.get(column.means or "", ())):
            known.setdefault(squash(spelling), name)
    return known


def _forms(name: str, called: Iterable[str]) -> list[str]:
    """Return the squashed name, and the same without the object: `Email - Contact` is `Email`.

    HubSpot also writes the object and its own name behind a name: `Email <CONTACT email>`.
    """
    forms = [squash(name), squash(name.removesuffix("__c"))]  # a custom field of Salesforce
    if labelled := re.fullmatch(r"(.+?) *<[\w ]+>", name):  # First Name <CONTACT firstname>
        forms.append(squash(labelled[1]))
    parts = re.split(r" - |: | \| ", name)
    if len(parts) > 1:
        objects = set(map(squash, called))
        if squash(parts[0]) in objects:
            forms.append(squash(" ".join(parts[1:])))
        if squash(parts[-1]) in objects:
            forms.append(squash(" ".join(parts[:-1])))
    return forms
