"""Words of MR protocols: what a description may say in a listing or a copy without telling who was scanned.

Technicians write names, numbers and dates into descriptions of series. What is not known to be a word of a protocol is
not shown where nobody asked for it, and not copied. The list holds what scanners, protocols and technicians in the
languages of :mod:`vbqkit.formats.header_words` call sequences, planes, parts of the body, coils, machines, contrast
agent and fat suppression. A word that is missing here is lost from a listing; a name that is in it would be shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from vbqkit.errors import MAX_SHOWN, shown

_WORDS = """
t1 t2 t1w t2w t1wi t2wi t1we t2we t1c t1ce t1gd t1km pd pdw pdwi pdt2 stir tirm tir ir se fse tse ffe tfe gre ge grase
haste ssfse hf frfse xl cube space vista spc mvxd view propeller blade jet multivane mv ute zte silent fl fl2d fl3d
flash spgr fspgr fgre vibe lava thrive fiesta trufi fisp psif ciss dess merge medic mffe m2d mix dwi dti adc trace epi
ep2d bold asl swi swan tof mra mrv pc mip minip mpr mprage mp2rage bravo tfl flair dark fluid myelo myelography mrcp
hydro localizer localiser loc scout survey pilot plane planes 3plane 3pl smart calibration calib cal coil asset sense
grappa arc ipat pat tgse csi mrs spectroscopy press steam svs dixon mdixon ideal iq flex water fat in out opp phase
opposed inphase outphase ip op w f ff wf pdff fraction map maps mapping t1map t2map t2star r2 r2star star b0 b1 b
field fs fatsat fat_sat fsat sat satur spir spair aspir chess proset wex we stair special specir watsc qfatsat ws wfs
supp suppr suppression suppressed nulled null saturation sel excitation only free exc sag sagittal sagital sagitt cor
coronal tra trans transversal transverse ax axial obl oblique obliq iso isotropic recon rec reformat mpr curved rl ap
hf lr pa si fh left right links rechts ant post anterior posterior sup inf upper lower mid middle whole total full
half spine spin ls lspine tspine cspine lumbar lumb lumbal lumbosacral lws bws hws lwk ws wirbelsaeule wirbelsäule lsc
ls_spine columna column lumbale cervical thoracic dorsal thorax neck head brain knee hip shoulder abdomen abd pelvis
pelv sacrum sacral sacr iliac isj si sij coccyx cord canal disc disk vertebra vertebrae body back extremity tlspine tl
lumbo rachis rücken ruecken rückenmark kreuzbein becken kopf hals chrbtica chrbtice krizova kríž kriz l1 l2 l3 l4 l5
l6 s1 s2 s3 s4 s5 t9 t10 t11 t12 th th11 th12 c1 c2 c3 c4 c5 c6 c7 l1l5 l5s1 km kl kontrast kontrastmittel kontr kont
kontrastu kontraste contrast contraste contraster contrasto cont contr con cm gd gad gado gadolinium gbca agent mdc ce
enh enhanced enhancement enhance unenhanced nonenhanced c cc iv i v m k l dtpa dota bopta inj injection injected
injektion produit gabe given not used unknown unspecified unbekannt none no non not without with wo w mit s so z ze
bez kein keine keinen po nach before after vor pre post precontrast postcontrast postgad postgd postkm postcon pred
před przed avant avec sans senza con sin sem met zonder nativ native nativo nativni nativně natívne nativne nat plain
dynamic dyn late delayed early perfusion perf yes ja nein nie ne nem med und and et y e i high low tissue multi image
resolution optimized optimised body_coil podanie podania aplikácia aplikacie gadovist gadavist dotarem magnevist
multihance prohance omniscan clariscan primovist eovist ablavar vueway elucirem artirem optimark magnegita gadograf
feraheme dotagraf cyclolux pixxoscan vasovist teslascan gadobutrol gadoterate gadopentetate gadobenate gadoteridol
gadodiamide контраст контрастом ку без с до после 造影 造影剂 增强 增強 强化 強化 平扫 平掃 压脂 抑脂 脂肪抑制 脂肪 矢状 矢状位 矢状面 冠状 冠状位 轴位 横断 横断位
腰椎 水激发 平 对比剂 注射 前 后 後 无 無 未 不 非 mm cm ms ml hz khz mhz sec min deg nex nsa tr te ti fa fov etl thk gap x bw tesla t
slice slices slab sl fast ultrafast quick turbo hr hires lowres lr std standard routine clinical research screening
protocol series study scan repeat rep rpt wdh new neu old motion corr corrected correction norm normalized normalised
filter filtered filt nofilt pure scic clear dis2d dis3d fm fil nd snr acc accel deep resolve dl air recon smartspeed
speedup cs compressed sensing interp interpolated zip zip512 zip2 raw orig original derived sub subtraction subtr
subtracted add added composed composing compose stitched mobiview mobi moco mean average averaged ave avg denoise
denoised smooth smoothed sharpened sharpen lossy lossless jpeg ls rle reversible uncompressed compression ratio sv1
various projected from angio calc calculated synthetic syn symri symap virtual vbqkit dexa dxa g cm2 areal density
mineral is made by the scanner real person was scanned areal of a an this output software for mr mri mrt nmr irm rm ct
tac pet us cr dx xray exam examination only optimization philips siemens healthineers healthcare ge medical systems
gems hitachi toshiba canon fujifilm hyperfine esaote united imaging uih medizintechnik corporation inc gmbh ltd co
generic acme achieva ingenia intera panorama ambition elition prodiva multiva evolution gyroscan avanto aera skyra
vida lumina sola altea amira sempra espree essenza symphony sonata harmony vision verio trio tim prisma terra biograph
mmr magnetom esp fit freemax free max signa hdx hdxt hde hd excite echospeed twinspeed horizon lx genesis discovery
mr450 mr450w mr750 mr750w optima mr360 brivo artist architect premier pioneer voyager explorer hero vantage titan
orian galan elan atlas excelart airis echelon oval smart oasis aperto eclipse apertolucent open swoop scan g scan
esaote umr 3tx dstream tx masked background uniformity correction paper 3t 1t 15t spr msk torso cardiac shoulder array
matrix flexible surface endo qd quadrature quad nv nvarray nvh hns ctl ctlmid ctllow sp ss he bo pa hea spn sp1 sp2
sp3 sp4 sp5 sp6 sp7 sp8 multicoil birdcage volume ch 32ch 16ch 8ch posterior tatl digital integrated ihsense 2d 3d 1h
se2d hu normalized signal intensity unitless arb ratio 1 percent o one 000 001 002 003 004 ohne kontrastmittels
normalizealgo prescan iterativedenoising myelin unknown unnamed p removed anonymous anonymized anonymised anonym anon
"""
_CODE_WORDS = """
ABDOMEN ABDOMENPELVIS ABSOLUTE ACQ ACQUIRED ACTUAL ADAPTIVE ADC ADDITION AFTER ALL ALONG ANALOG AND ANGIO ANGLE AP
APPROXIMATED ARMS ARRAY ASL ASYMMETRIC ATTENUATION AVERAGE AVERAGED AXIAL AXIS B0 B1 BASELINE BEFORE BIPOLAR BITMAP
BLACK BLIPPED BLOOD BODY BOLD BOLUS BONE BOTH BOUNDARY BRAIN BREATH BROAD CARDIAC CC CENTRIC CENTER CERVICAL CHEMICAL
CHEST CHROMA CIRCLE CLASSIC CLEAR CODED COIL COL COLUMN COMBINED COMPLEX COMPONENT COMPOSED COMPRESSED CONCEPT
CONSTANT CONTINUOUS CONTRAST CONTROL COR CORONAL CORRECTED CORRECTION COSINE CR CSA CSPINE CT CUBIC CUMULATIVE CURVED
CYLINDRICAL DATA DB DT DELAYED DENSITY DERIVED DETECTOR DETAIL DI DIFFERENCE DIFFUSION DIGITAL DIR DIRECT DIRECTIONAL
DISPLACEMENT DIS2D DIS3D DIVISION DIXON DOUBLE DR DRB DRG DRS DS DSI DUAL DV DF SD DRW DX DYNAMIC ECHO EDDY EDR GEMS
EFFECTIVE ELLIPTICAL EMISSION ENCODED ENERGY ENHANCED EP EPI EQUAL EVEN EXPIRATION EXTREMITY F FA FALSE FAT FB FC FDA
FFE FFS FFDL FFDR FFP FIELD FIESTA FIL FIL2 FILT FILTERED FINITE FIRST FIXED FL FLAT FLOW FLUID ATTENUATED FM FN FOLD
FOR FOV FOURIER FP FQ FRACTION FRAME FREE FREQ FREQUENCY FROM FS FSE FULL GAUSSIAN GDC GE GEOMETRY GR GRADIENT GRAPPA
GRAY GRID GROUP HARD HEAD HFDL HFDR HFP HFS HEART HELICAL HIGH HIP HOLD HORIZONTAL HU HYBRID IDENTITY IEC FIRST LEVEL
SECOND NORMAL IMAGE IMAGINARY IN IN1 IN2 INDIRECT INDIVIDUAL INFERIOR INPHASE INTERLEAVED INTERPOLATED INTERVAL INV
INVERSE INVERSION INVERTED IP IR ISOTROPIC ISO 2022 192 100 101 109 110 126 127 138 144 148 149 159 166 203 JPEG K L
LATERAL LEFT LEG LEAD LINE LINEAR EXACT LINES LISTLESS LL LOCALIZER LOG LONG LONGITUDINAL LOSSLESS LOSSY LOW LSPINE LS
LSSPINE LUMBAR LUT M MAG MAGN MAGNETIZATION MAGNITUDE MAP MASK MASKED MAX MAXIMUM MB MEAN MEASURED MEDIAN MESH
METABOLITE MFSPLIT MIN MINIMUM MINIP MIP MIXED MODE MODULATED MODULUS MONITORING MONOCHROME MONOCHROME1 MONOCHROME2
MOSAIC MOTION MP MPR MR MS MT MTC MTS MULTI MULTICOIL MULTIECHO MULTIPLE MULTIPLICATION N NATURAL NAVIGATOR ND NECK NO
NON PARALLEL NONE NONSTANDARD NORM NORMALIZED NOT NPW NULLED O OBLIQUE ODD OFF ON OP OPP OPEN OPPOSED ORDER ORIGINAL
OSP OT OTHER OUT OVERLAY PALETTE COLOR PARTIAL PC PDFF PE PEAK PELVIS PER PERCENT PERFUSION PERIODIC PFF PFP PGF PH
PHANTOM PHASE PILS PK PLANAR PLANE PNS POINT POLY POST POSTERIOR POWER PPG PRE PREPARED PRESATURATION PRESENTATION
PRIMARY PROCESSING PRODUCT PROJECTED PROJECTION PROPORTIONAL PROSPECTIVE PROTON PSEUDOCONTINUOUS PULSED PURE
QUADRATURE QUALITY QUANTITY R R1 R2 RADIAL RANDOM RC RCS REAL REALTIME RECTANGULAR RECTILINEAR RECON REFORMATTED
REGULAR RELATIVE RESAMPLED RESEARCH RESP RESPIRATORY RETROSPECTIVE REVERSE RF RG RGB RIESZ RIGHT RL RLE RM ROOT
ROTATION ROW RR RS RTG S SAG SAGITTAL SACRUM SAT SATURATION SC SCAN SCIC SCOUT SE SECONDARY SEG SEGMENTED SELECTIVE
SENSE SEQUENCE SERIAL SFS SH SHIFT SHIM SI SIEMENS SIGMOID SIGNAL SILICON GEL SIMULTANEOUS SINC SINGLE SK SLAB SLICE
SMASH SMS SNR SOFT SP SPATIAL SPECIAL SPECTRAL SPECTRALLY SPECTROSCOPY SPEEDER SPINE SPIN SPIRAL SPLIT SPOILED SS
SSPINE SSFP STAR STACK STANDARD STATIC STATISTICAL STEADY STATE STEP STIMULATED STIR STRAIGHT SUB SUBTRACTION SUM
SUPERIOR SUPPRESSED SURFACE SWI SYMMETRIC SYN SYNTHETIC SYNTH T1 T1W T2 T2W T2STAR TAGGING TE TEMPERATURE TENSOR TFE
THIN THORACIC TI TIME TL TLSPINE TM TO TOF TOTAL TR TRACE TRACEW TRACTOGRAPHY TRANSFER TRANSMIT TRANSVERSE TRIGGERED
TRUE TRUNK TSE TSPINE TWO U UNI UNIFORM UNIQUE UNKNOWN UNRESOLVED US USER UTE VARIABLE VASCULAR VB VELOCITY VENC
VENOUS VERTICAL VFA VIEW VIEWSHARING VOLUME W WATER WAVE WEIGHTED WHITE WHOLE WIDE WSD X XR Y YBR 422 420 ICT RCT YES
Z ZERO ZEROFILL MINERAL BMD DEXA PA LL STDDEV HELICAL BINARY ABD MYELIN
"""
CODE_WORDS: frozenset[str] = frozenset(_CODE_WORDS.split())
"""In capitals: what code strings of DICOM are made of, beside the words of protocols."""
KNOWN: frozenset[str] = frozenset(_WORDS.split())
"""In lower case."""

_DATE = r"(?<!\d)\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}(?!\d)"
_TOKEN = re.compile(rf"{_DATE}|[\u3040-\u9fff]+|[^\W_\u3040-\u9fff]+")
MASK = "***"
"""Stands where something was left out."""
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


_CODE_PARTS = re.compile(r"[_\W]+")
_LONGEST_CODE = 16
_INITIALS = 2


def is_code(value: str) -> bool:
    """Whether a code string holds known codes only.

    Examples
    --------
    >>> is_code("EDR_GEMS"), is_code("PROJECTION IMAGE"), is_code("NOVAK"), is_code("19480312")
    (True, True, False, False)
    """
    if len(value) > _LONGEST_CODE:
        return False
    parts = [part for part in _CODE_PARTS.split(value.upper()) if part]
    return all(part in CODE_WORDS or is_protocol_word(part) for part in parts)


def safe_text(text: object, limit: int = MAX_SHOWN) -> str:
    """Free text from a header as a message may quote it: words of protocols, and ``***`` for anything else.

    Examples
    --------
    >>> safe_text("SAG T1 Novak 12.3.1948")
    'SAG T1 ***'
    """
    return protocol_words(shown(text, limit), mark=MASK)


def safe_codes(values: Iterable[str]) -> str:
    r"""Code strings from a header as a message may quote them.

    Examples
    --------
    >>> safe_codes(("ORIGINAL", "PRIMARY", "NOVAK"))
    'ORIGINAL\\PRIMARY\\***'
    """
    return "\\".join(value if is_code(value) or len(value) <= _INITIALS else MASK for value in values)


_PSEUDONYM = re.compile(
    r"[\W_]*(?:(?:anon(?:ymi[sz]ed|ymous|ym)?|pseudo(?:nym)?|virtual|synthetic|phantom|volunteer|proband|subj(?:ect)?|sub|case|"
    r"test|patient|study|removed|unknown|none|no|name|id|vbqkit)[\W_]*(?:\d{1,6}[\W_]*)?)+|"
    r"vbq-[a-z0-9]{6}(?:-\d+)?|[a-z]{0,3}[\W_]?\d{1,3}",
    re.IGNORECASE,
)
_LONGEST_PSEUDONYM = 64


def is_pseudonym(value: str) -> bool:
    """Whether a name or number is one that stands for a person without naming them.

    Examples
    --------
    >>> [is_pseudonym(value) for value in ("ANON^0012", "VIRTUAL^CASE01", "VBQ-7K2Q4X", "Novak^Jana", "450312/123")]
    [True, True, True, False, False]
    """
    plain = value.strip(" \0")
    return not plain or (len(plain) <= _LONGEST_PSEUDONYM and _PSEUDONYM.fullmatch(plain) is not None)
