"""Words in a header that speak of contrast agent or of fat suppression, in the languages that technicians write.

A word is only a hint: it becomes a caution, never a refusal, because descriptions are copied from protocol to protocol.
The elements of the contrast module are more than a hint; here is only decided which of their texts mean "none".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NEGATION = (
    r"(?:no|non|not|without|w\s*/\s*o|wo|ohne|o\.|kein\w*|bez|žiadn\w*|žádn\w*|brak|sin|sans|senza|zonder|sem|nincs|ne|nie|pre|before|vor|pred|"
    r"před|przed|avant|antes|prima|nativ\w*|без|до|перед|无|無|未|不|非|没有)"
)
_AGENT = (
    r"(?:(?:contrast|contraste|kontra[sś]\w*|контраст)\w*(?:\s+(?:látk\w*|latk\w*|mittel|agent|medium|media))?|"
    r"(?:cont|kont)(?:r\w{0,3})?|con|k\.?\s?m\.?|k\.?\s?l\.?|mdc|gad\w*|gd(?:[\s-]?\w+)?|gbca|agent\w*|enh(?:anced)?|inj\w*|c|iv|i\.v\.|"
    r"produit|ку|造影剂?|[对對]比[剂劑]?|增[强強]|强化|強化)"
)
_IN_A_VEIN = (
    r"(?:(?:podan\w*|aplik[aá]c\w*|gabe|verabreichung|injektion|injection|administration|введени\w*)\s+(?:(?:von|of|de|des|du|di)\s+)?)?"
    r"(?:i\.?\s?v\.?[\s-]+)?"
)
_DENIED = re.compile(
    rf"(?<![\w])(?<!and )(?<!und )(?<!& ){_NEGATION}[\s._+/-]*{_IN_A_VEIN}{_AGENT}(?![\w])|"
    rf"(?<![\w]){_AGENT}\s*[:=]?\s*(?:none|no|nein|keine?|nie|non|negativ\w*|0|-)(?![\w])|"
    r"(?:kontrast(?:mittel)?|km)[\s-]?(?:los|frei)|"
    r"(?:high|low|tissue|multi|image)[\s-]*contrast(?![\w])|contrast[\s-]*(?:resolution|optimi\w*)|"
    r"(?:无|無|未|不|非|没有)(?:增[强強]|[强強]化|加[强強]|造影|注射|注[药藥]|打[药藥])|"
    r"(?:增[强強]|[强強]化|加[强強]|造影|注射|注[药藥]|打[药藥])前(?!\s*[及和、]?\s*[后後])|平[扫掃]|unenhanced|non-?enhanced",
    re.IGNORECASE,
)
_BRANDS = (
    "gadovist", "gadavist", "dotarem", "magnevist", "multihance", "prohance", "omniscan", "clariscan", "primovist",
    "eovist", "ablavar", "vueway", "elucirem", "artirem", "optimark", "magnegita", "gadograf", "feraheme", "dotagraf",
    "cyclolux", "pixxoscan", "vasovist", "teslascan", "dota\\w*",
)  # fmt: skip
_GIVEN = re.compile(
    r"\+\s*(?:c|gd|gad\w*|km|kl|cm|k\.\s?l\.?|k\.\s?m\.?|ce|iv|contrast\w*|kontrast\w*|civ|mdc)(?![\w])|\+(?=\s*$)|^\s*\+|"
    r"t1w?(?:[\s._-]?post(?!erior|[\s._-]*(?:op|lami|surg|trauma|sat))|[\s._-]?p\.?[cg]\.?(?![\w])|gd(?![\w])|[\s._-]c\s*$)|"
    r"(?<![\w])(?:"
    r"with\s+(?:and|&)\s+without|with\s*$|w\s*[/+]?\s*wo(?![\w])|w\s*/?\s*(?:and|&)\s*w\s*/?\s*o|mit\s+und\s+ohne|"
    r"(?:t1w?)?(?:cont(?:\.|(?![\w'’]))|con\s*$|km(?![\w])|kl(?![\w])|gad\w*|kontra[sś]\w*|contrast\w*)|"
    r"(?:w|with)[\s/]*con(?![\w])|w\s?con(?:t(?!\w)|(?!\w))|with\s+c(?![\w-])|c\.e\.|gbca(?![\w])|enh(?:\.|(?![\w]))|"
    r"pre\s*(?:and|&|/|\+)\s*post|w\s?/?\s?c(?![\w])|c\s?\+|km\s?\+|gd\s?\+|"
    r"post(?!erior|[\s._-]*(?:op|lami|surg|trauma|sat))(?:[\s._-]*\w+)?(?![\w])|"
    r"postcon\w*|postgad\w*|postgd|postkm|"
    r"(?:t1|t1w)?[\s._-]?ce(?![\w])|t1c(?![\w])|t1\+c|"
    r"(?:w|with|mit|s|so|z|ze|po|nach|avec|con|com|met|c|с|после|dopo|après|apres|after)[\s._/-]+(?:i\.?v\.?[\s-]*)?"
    r"(?:contrast\w*|contraste|kontra[sś]\w*|контраст\w*|km|k\.\s?m\.?|kl|k\.\s?l\.?|mdc|gd|gad\w*|civ|inj\w*)(?![\w])|"
    r"contrast(?:e|o)?(?:[\s-]?(?:enhanced|agent|medium))?(?![\w])|contr(?:\.|st|(?![\w]))|kont(?:r?\.|r?(?![\w])|ra[sś]\w*)|"
    r"контраст\w*|ку(?![\w])|"
    r"enhanc\w*|inject\w*|inj(?:\.|(?![\w]))|injizi\w*|gado\w*|gad(?![\w])|gd(?:[\s-]?(?:dtpa|dota|bopta|\d\w*))?(?![\w])|"
    r"[mn]?km(?:[\s-]?gabe)?(?![\w])|k\.\s?m\.|kl(?![\w])|k\.\s?l\.?(?![\w])|mdc(?![\w])|ka\s+után|(?<!\b\d )(?<!\d\d )cm(?![\w])|i\.?v\.?(?![\w])|"
    + "|".join(_BRANDS)
    + r")|增[强強]|[强強]化|加[强強]|造影|注射|[注打][药藥]|[对對]比[剂劑增]|[钆釓]",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"(?<![\w.,])[1-9]\d*(?:[.,]\d+)?\s?ml(?![\w])", re.IGNORECASE)
_FAT = re.compile(
    r"(?<![\w])(?:(?:(?:t[12]|pd|w|tse|fse|se|sag|cor|tra|ax)[\s-]?)*f[\s/]?s(?![\w])|"
    r"(?:t1|t2|pd)?[\s]?f[\s-]?sat\w*|f\.\s?s\.?|\w*fat[\s-]*(?:sat\w*|supp?\w*|null\w*|free)|sat[\s-]?fat|chem[\s-]?sat\w*|"
    r"(?:t1|t2|pd)?[\s]?(?:spir|e?spair|aspir|chess|proset|watsc?|qfatsat|stair|wex)|(?-i:SPECIAL|SPECIR)|"
    r"m?dixon\w*|mvxd|ideal(?:iq)?|flex|water|we|water[\s-]*(?:exc\w*|only|sel\w*|images?)|wasser\w*|wfs|w[\s-]?dixon|"
    r"m?dixon[\s-]*(?:w|f|ff|water|fat)\w*|(?:dixon|ideal|flex|lava|vibe)[\s-]*(?:w|water|fat|f)(?![\w])|"
    r"fett\s?(?:ges\w*|s[aä]t\w*|unter\w*|supp\w*)\w*|zsír\w*|"
    r"(?:potl[\w.]*|satur\w*|sat|supp?r\w*|tłum\w*|tlm\w*|soppr\w*)\s*(?:(?:de|de la|del|della)\s+)?(?:tuk|tłuszcz|graiss|gras)\w*|"
    r"tuk\w*\s?potl\w*)(?![\w])|"
    r"脂肪?抑|脂肪[饱飽]和|抑脂|[压壓]脂|水激[发發]|水脂分[离離]|水成像|水相|水像|脂相|脂像",
    re.IGNORECASE,
)
_NO_FAT_SUPPRESSION = re.compile(
    rf"(?<![\w]){_NEGATION}[\s._/-]*(?:fs|fat[\s-]*(?:sat|sup)\w*|fatsat\w*|spir|spair|fett\w*|(?:potl|satur|supp?r|tlm)[\w.]*\s*tuk\w*)(?![\w])|"
    r"[非不无無未](?:[压壓]脂|抑脂|脂肪?抑制?)",
    re.IGNORECASE,
)
_NONE = {
    "", "NO", "NONE", "N", "0", "0 0", "0 ML", "WITHOUT", "NIL", "NULL", "NA", "N A", "NONE GIVEN", "NOT GIVEN",
    "NONE USED", "NOT APPLICABLE", "NO CONTRAST", "NON CONTRAST", "NATIV", "NATIVE", "NATIVE SCAN", "NATIVO", "PLAIN",
    "NEIN", "KEIN", "KEINE", "KEINES", "KEIN KM", "OHNE", "BEZ", "ŽIADNA", "ŽIADNE", "ŽIADNY", "ŽÁDNÁ", "ŽÁDNÝ",
    "NIE", "NE", "BRAK", "AUCUN", "AUCUNE", "NON", "SANS", "NINGUNO", "NESSUNO", "NESSUNA", "NINCS", "NEM", "GEEN",
    "ZONDER", "НЕТ", "БЕЗ", "无", "没有", "未用", "未使用", "不使用", "否", "なし", "FALSE", "NOT USED", "NO AGENT", "W O", "WO",
    "NONE NONE", "0ML", "0 CC", "NO CM", "NIL GIVEN", "無", "NIE JE", "NENÍ", "BEZ APLIKÁCIE", "BEZ PODANIA",
    "BEZ APLIKACE",
}  # fmt: skip
_UNKNOWN = re.compile(
    r"\?+|X{2,}|UNKN?\.?|UNKNOWN(?: .*)?|UNSPECIFIED|UNSPEC|UNDEFINED|UNDETERMINED|(?:NOT|NON) (?:KNOWN|SPECIFIED|STATED|RECORDED|"
    r"DOCUMENTED|AVAILABLE|DEFINED|SURE)|N K|N D|TBD|TBC|UNBEKANNT|NICHT BEKANNT|K A|KEINE ANGABEN?|NICHT ANGEGEBEN|"
    r"NEZNÁM\w*|NEZNAM\w*|NEUVEDEN\w*|NEUDAN\w*|NIEZNAN\w*|NIE PODANO|BRAK DANYCH|ISMERETLEN|INCONNUE?|NON (?:PRÉCISÉ|PRECISE|RENSEIGNÉ|NOTO)|"
    r"DESCONOCIDO|NO (?:CONSTA|ESPECIFICADO)|SCONOSCIUTO|DESCONHECIDO|ONBEKEND|НЕИЗВЕСТНО|НЕ УКАЗАНО|未知|不详|不明|未说明",
    re.IGNORECASE,
)
_SAYS_NONE = re.compile(
    rf"nat[ií]vn\w*|(?:(?:nebol[aoi]?|nie)\s+|ne)(?:podan|aplikovan)\w*|"
    rf"{_NEGATION}[\s._+/-]*{_IN_A_VEIN}{_AGENT}(?:[\s-]*(?:gabe|used|given))?|.*\b(?:not|nicht)\s+(?:given|used|administered|injected|gegeben|verabreicht)",
    re.IGNORECASE,
)


def contrast_word(texts: Iterable[str | None]) -> str | None:
    """The first word that speaks of contrast agent given; None where there is none, or it is denied.

    Examples
    --------
    >>> contrast_word(["SAG T1 +KM"]), contrast_word(["t1_tse_sag ohne KM"]), contrast_word(["矢状面 T1 增强"])
    ('+KM', None, '增强')
    """
    heard = tuple(texts)
    return _first(_GIVEN, heard, without=_DENIED) or _first(_AMOUNT, heard)


def denies_contrast(text: str | None) -> bool:
    """Whether a text says that no contrast agent was given, or not yet.

    Examples
    --------
    >>> [denies_contrast(text) for text in ("T1 ohne KM", "T1 pre contrast", "SAG T1", None)]
    [True, True, False, False]
    """
    return _DENIED.search((text or "").replace("_", " ")) is not None


def fat_word(texts: Iterable[str | None]) -> str | None:
    """The first word that speaks of suppressed or separated fat.

    Examples
    --------
    >>> fat_word(["t1_tse_fs_sag"]), fat_word(["T2 SPAIR"]), fat_word(["FSE-XL T1"])
    ('t1 tse fs', 'T2 SPAIR', None)
    """
    return _first(_FAT, texts, without=_NO_FAT_SUPPRESSION)


def _first(
    pattern: re.Pattern[str], texts: Iterable[str | None], *, without: re.Pattern[str] | None = None
) -> str | None:
    for text in texts:
        plain = (text or "").replace("_", " ")
        if without is not None:
            plain = without.sub(" ", plain)
        found = pattern.search(plain)
        if found is not None:
            return found.group().strip()
    return None


def means_none(text: str) -> bool:
    """Whether what is written for an agent means that none was given.

    Examples
    --------
    >>> [means_none(text) for text in ("-", "N/A", "ohne KM", "Gadovist", "无")]
    [True, True, True, False, True]
    """
    plain = _agent_words(text)
    denied = text.strip() != "" and not _DENIED.sub("", text).strip(" .*()[]<>")
    return denied or plain in _NONE or _SAYS_NONE.fullmatch(plain) is not None


def says_nothing(text: str) -> bool:
    """Whether what is written for an agent leaves open whether one was given: that is not none.

    Examples
    --------
    >>> [says_nothing(text) for text in ("UNKNOWN", "unbekannt", "?", "none", "Gadovist")]
    [True, True, True, False, False]
    """
    return _UNKNOWN.fullmatch(_agent_words(text)) is not None


def _agent_words(text: str) -> str:
    return re.sub(r"[\s._/\\\-]+", " ", text).strip(" *()[]<>").upper()
