"""Words of MR protocols: what a description may say in a listing or a copy without telling who was scanned.

Technicians write names, numbers and dates into descriptions of series. What is not known to be a word of a protocol is
not shown where nobody asked for it, and not copied. The list holds what scanners, protocols and technicians in the
languages of :mod:`vbqkit.formats.header_words` call sequences, planes, parts of the body, coils, machines, contrast agent and
fat suppression. A word that is missing here is lost from a listing; a name that is in it would be shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

_WORDS = """
t1 t2 t1w t2w t1wi t2wi t1we t2we t1c t1ce t1gd t1km pd pdw pdwi pdt2 stir tirm tir ir se fse tse ffe tfe gre ge grase haste ssfse hf
frfse xl cube space vista spc mvxd view propeller blade jet multivane mv ute zte silent fl2d fl3d flash spgr fspgr fgre vibe lava
thrive fiesta trufi fisp psif ciss dess merge medic mffe m2d mix dwi dti adc trace epi ep2d bold asl swi swan tof mra mrv pc mip minip
mpr mprage mp2rage bravo tfl flair dark fluid myelo myelography mrcp hydro localizer localiser loc scout survey pilot plane planes 3plane
3pl smart calibration calib cal coil asset sense grappa arc ipat pat tgse csi mrs spectroscopy press steam svs dixon mdixon ideal iq
flex water fat in out opp phase opposed inphase outphase ip op w f ff wf pdff fraction map maps mapping t1map t2map t2star r2 r2star
star b0 b1 b field fs fatsat fat_sat fsat sat satur spir spair aspir chess proset wex we stair special specir watsc qfatsat ws wfs supp suppr
suppression suppressed nulled null saturation sel excitation only free exc
sag sagittal sagital sagitt cor coronal tra trans transversal transverse ax axial obl oblique obliq iso isotropic recon rec reformat mpr curved
rl ap hf lr pa si fh left right links rechts ant post anterior posterior sup inf upper lower mid middle whole total full half
spine spin ls lspine tspine cspine lumbar lumb lumbal lumbosacral lws bws hws lwk ws wirbelsaeule wirbelsäule lsc ls_spine columna
column lumbale cervical thoracic dorsal thorax neck head brain knee hip shoulder abdomen abd pelvis pelv sacrum sacral sacr iliac isj si sij
coccyx cord canal disc disk vertebra vertebrae body back extremity tlspine tl lumbo rachis rücken ruecken
rückenmark kreuzbein becken kopf hals chrbtica chrbtice krizova kríž kriz l1 l2 l3 l4 l5 l6 s1 s2 s3 s4 s5 t9 t10 t11 t12 th th11 th12 c1 c2 c3 c4 c5
c6 c7 l1l5 l5s1
km kl kontrast kontrastmittel kontr kont kontrastu kontraste contrast contraste contraster contrasto cont contr con cm gd gad gado gadolinium
gbca agent mdc ce enh enhanced enhancement enhance unenhanced nonenhanced c cc iv i v m k l dtpa dota bopta inj injection injected injektion
produit gabe given not used unknown unspecified unbekannt none no non not without with wo w mit s so z ze bez kein keine keinen po nach
before after vor pre post precontrast postcontrast postgad postgd postkm postcon pred před przed avant avec sans senza con sin sem met zonder
nativ native nativo nativni nativně natívne nativne nat plain dynamic dyn late delayed early perfusion perf yes ja nein nie ne nem
med und and et y e i high low tissue multi image resolution optimized optimised body_coil podanie podania aplikácia aplikacie
gadovist gadavist dotarem magnevist multihance prohance omniscan clariscan primovist eovist ablavar vueway elucirem artirem optimark magnegita
gadograf feraheme dotagraf cyclolux pixxoscan vasovist teslascan gadobutrol gadoterate gadopentetate gadobenate gadoteridol gadodiamide
контраст контрастом ку без с до после
造影 造影剂 增强 增強 强化 強化 平扫 平掃 压脂 抑脂 脂肪抑制 脂肪 矢状 矢状位 矢状面 冠状 冠状位 轴位 横断 横断位 腰椎 水激发 平 对比剂 注射 前 后 後 无 無 未 不 非
mm cm ms ml hz khz mhz sec min deg nex nsa tr te ti fa fov etl thk gap x bw tesla t slice slices slab sl fast ultrafast quick turbo hr hires lowres lr
std standard routine clinical research screening protocol series study scan repeat rep rpt wdh new neu old motion corr corrected correction norm
normalized normalised filter filtered filt nofilt pure scic clear dis2d dis3d fm fil nd snr acc accel deep resolve dl air recon smartspeed
speedup cs compressed sensing interp interpolated zip zip512 zip2 raw orig original derived sub subtraction subtr subtracted add added
composed composing compose stitched mobiview mobi moco mean average averaged ave avg denoise denoised smooth smoothed sharpened sharpen lossy
lossless jpeg ls rle reversible uncompressed compression ratio sv1 various projected from angio calc calculated synthetic syn symri symap
virtual vbqkit dexa dxa g cm2 areal density mineral is made by the scanner real person was scanned areal of a an this output software for
mr mri mrt nmr irm rm ct tac pet us cr dx xray exam examination only optimization
philips siemens healthineers healthcare ge medical systems gems hitachi toshiba canon fujifilm hyperfine esaote united imaging uih medizintechnik corporation
inc gmbh ltd co generic acme
achieva ingenia intera panorama ambition elition prodiva multiva evolution gyroscan avanto aera skyra vida lumina sola altea amira sempra espree
essenza symphony sonata harmony vision verio trio tim prisma terra biograph mmr magnetom esp fit freemax free max signa hdx hdxt hde hd excite echospeed
twinspeed horizon lx genesis discovery mr450 mr450w mr750 mr750w optima mr360 brivo artist architect premier pioneer voyager explorer hero
vantage titan orian galan elan atlas excelart airis echelon oval smart oasis aperto eclipse apertolucent open swoop scan g scan esaote umr 3tx dstream
tx masked background uniformity correction paper 3t 1t 15t spr msk torso cardiac shoulder array matrix flexible surface endo qd
quadrature quad nv nvarray nvh hns ctl ctlmid ctllow sp ss he bo pa hea spn sp1 sp2 sp3 sp4 sp5 sp6 sp7 sp8 multicoil birdcage volume ch
32ch 16ch 8ch posterior tatl digital integrated
ihsense 2d 3d 1h se2d hu normalized signal intensity unitless arb ratio 1 percent
o one 000 001 002 003 004 ohne kontrastmittels
removed anonymous anonymized anonymised anonym anon
"""
KNOWN: frozenset[str] = frozenset(_WORDS.split())
"""In lower case."""

_DATE = r"(?<!\d)\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}(?!\d)"
_TOKEN = re.compile(rf"{_DATE}|[\u3040-\u9fff]+|[^\W_\u3040-\u9fff]+")
_NUMBER = re.compile(r"\d{1,2}")
_PARTS = re.compile(r"\d+|\D+")
_SHORT_PARTS = frozenset("dwxtecp")
"""Letters between the numbers of names of sequences, such as tse2d1."""
_UNITS = {"mm", "cm", "ms", "ml", "t", "hz", "deg", "sl", "x", "nex", "nsa", "th", "d", "min", "sec", "ch"}
_MOST_NUMBERS = 3
"""One after another; more are a telephone number or a number of a person."""
_SEPARATORS = re.compile(r"[^\w\s+/._,;:()\[\]*&=<>'-]")
_LONGEST_NUMBER = 2


def fold(text: str) -> str:
    """Lower case without accents, as words are compared.

    Examples
    --------
    >>> fold("Žofia ČAPKOVÁ")
    'zofia capkova'
    """
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()


_FOLDED = frozenset(fold(word) for word in KNOWN)


def is_protocol_word(token: str) -> bool:
    """Whether a word, without separators, is one of a protocol.

    Examples
    --------
    >>> [is_protocol_word(word) for word in ("TSE", "T1", "4mm", "Novak", "19480312")]
    [True, True, True, False, False]
    """
    plain = fold(token)
    if plain in _FOLDED or _NUMBER.fullmatch(plain):
        return True
    parts = _PARTS.findall(plain)
    words = [part for part in parts if not part.isdigit()]
    if any(len(part) > _LONGEST_NUMBER for part in parts if part.isdigit()) or len(words) == len(parts):
        return False
    if len(parts) == 2 and parts[0].isdigit() and words[0] in _UNITS:
        return True
    return any(word in _FOLDED and len(word) > 1 for word in words) and all(
        word in (_FOLDED if len(word) > 1 else _SHORT_PARTS) for word in words
    )


def protocol_words(text: str, *, without: Collection[str] = (), mark: str = "") -> str:
    """A text with nothing but words of protocols: names, long numbers and dates are left out.

    Parameters
    ----------
    text : str
        Such as a SeriesDescription.
    without : collection of str
        Words, folded by :func:`fold`, that are left out although they are known: the patient is called so.
    mark : str
        What stands in the place of what was left out; nothing unless stated.

    Examples
    --------
    >>> protocol_words("t1_tse_sag_NOVAK_12.3.1948 +KM"), protocol_words("T2 sag Novak", mark="***")
    ('t1_tse_sag +KM', 'T2 sag ***')
    """
    found: list[str] = []
    numbers, end, gap = 0, 0, False
    for match in _TOKEN.finditer(text):
        token, between = match.group(), _SEPARATORS.sub(" ", text[end : match.start()])
        numbers = numbers + 1 if token.isdigit() else 0
        end = match.end()
        if numbers > _MOST_NUMBERS or fold(token) in without or not is_protocol_word(token):
            found += [f" {mark} "] if mark and not (found and found[-1] == f" {mark} ") else []
            gap = True
            continue
        found.append(f"{_after_gap(between) if gap else between}{token}")
        gap = False
    closing = _SEPARATORS.sub(" ", text[end:])
    return re.sub(r"\s+", " ", "".join(found) + (_after_gap(closing) if gap else closing)).strip(" _-/,;:")


def _after_gap(between: str) -> str:
    """What stays of the signs behind a word that was left out: a + may belong to the next word."""
    return " " + re.sub(r"[^+*]", "", between)
