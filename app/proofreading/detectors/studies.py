"""Kinds of studies and parts of the body, with the words by which orders and reports name them."""

import re

MODALITIES = (
    (
        "CT",
        re.compile(
            r"\b(?:CT|CTA|CTV|HRCT|CTPA|CCTA|CTCA|LDCT|MDCT|CECT|NCCT|NECT|(?i:CAT scan|ct[- ]guided|computed tomograph\w+|"
            r"virtual colonoscopy))\b"
        ),
    ),
    ("MR", re.compile(r"\b(?:MR|MRI|MRA|MRV|MRCP|MRE|CMR|mpMRI|(?i:magnetic resonance))\b")),
    (
        "US",
        re.compile(
            r"\b(?:(?-i:US)(?= of| [A-Z]{2})|uss|usg|ultrasound|ultrasonograph\w+|sonogra\w+|echocardiogra\w+|"
            r"(?:venous|carotid|arterial) (?:duplex|doppler)|duplex|(?-i:TTE|TEE|TVUS|TRUS|FAST exam))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "NM",
        re.compile(
            r"\b(?:PET|SPECT|scintigra\w+|bone scan|nuclear medicine|V/?Q scan|HIDA|MUGA|DEXA|DXA)\b",
            re.IGNORECASE,
        ),
    ),
    ("MG", re.compile(r"\b(?:mammogra\w+|mammo|tomosynthesis)\b", re.IGNORECASE)),
    (
        "RF",
        re.compile(
            r"\b(?:barium (?:swallow|enema|meal|study)|o?esophagram|upper gi|fluoroscop\w+|arthrogram|myelogram|"
            r"voiding cystourethrogram|vcug|hysterosalpingogra\w+)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "XR",
        re.compile(
            r"\b(?:XR|CR|DX|CXR|x-?rays?|radiograph\w*|plain films?|kub|axr|sxr|"
            r"orthopantomogram|skeletal survey|bone survey|(?:pa|ap) (?:and|&) lateral)\b",
            re.IGNORECASE,
        ),
    ),
)
# words that only one kind of study has
OWN_WORDS = {
    "MR": re.compile(
        r"\b(?:T[12][- ]?(?:weighted|hyperintens\w+|bright|signal)|T1 and T2|FLAIR|STIR|diffusion[- ]weighted|"
        r"gadolinium|"
        r"tesla|pulse sequences?|signal intensity|(?:spin|gradient)[- ]echo|fat[- ](?:saturat\w+|suppress\w+)|"
        r"inversion recovery|"
        r"(?:1\.5|3(?:\.0)?) ?T\b(?: magnet| scanner| system| unit)?|surface coil|multisequence)\b",
        re.IGNORECASE,
    ),
    "US": re.compile(
        r"\b(?:(?:hypo|hyper|an|iso)echoic|echogenic\w*|doppler|transducer|ultrasound gel|acoustic window|"
        r"sonographic\w*|[mb]-mode|(?:curvilinear|convex|linear|phased array) (?:probe|array)|color (?:flow|"
        r"doppler)|elastograph\w+|"
        r"trans(?:abdominal|rectal) (?:scanning|imaging|approach)|(?:endo|trans)vaginal)\b",
        re.IGNORECASE,
    ),
    "CT": re.compile(
        r"\b(?:(?i:hounsfield)|HU|(?i:(?:axial|coronal|sagittal)\s+(?:ct\s+)?(?:images|sections|slices|reformats?)|"
        r"helical (?:acquisition|scan\w*|images)|multidetector|tube current|(?:a )?pitch (?:of|was|factor)|"
        r"\d{2,3} ?kvp?(?=[^.;]*\b(?:pitch|modulation|slice))|ctdi\w*|iodinated contrast|contiguous (?:slices|sections)))\b"
    ),
    "NM": re.compile(
        r"\b(?:radiotracer|tracer (?:uptake|injection)|technetium|radionuclide|gamma camera|\d ?mci\b|\bFDG\b|"
        r"tc-?99m?|xenon|"
        r"standardized uptake value|suv(?:max)?)\b",
        re.IGNORECASE,
    ),
    "MG": re.compile(
        r"\b(?:craniocaudal views?|mediolateral oblique|spot (?:compression|magnification)|cc and mlo|mlo views?|"
        r"breast was compressed|fibroglandular|microcalcifications)\b",
        re.IGNORECASE,
    ),
}
# words of sections and of contrast, which no plain film has
NO_FILM = re.compile(
    r"\b(?:(?:multi-?planar|3-?d|three[- ]dimensional|coronal|sagittal|axial) re(?:construct|format)\w*|"
    r"re(?:construct|format)\w+ in (?:the )?(?:coronal|sagittal|axial|multiple)|maximum intensity projections?|mips?|"
    r"bolus (?:tracking|timing)|(?:intravenous|iv|nonionic|iodinated) contrast|contrast[- ]enhanced|"
    r"(?:oral|enteric|rectal) contrast(?: \w+)? (?:was|were|has been) (?:given|administered|ingested)|"
    r"(?:following|after) (?:the )?(?:administration|injection|infusion) of (?:\w+ )?contrast|\d ?(?:ml|"
    r"cc) of (?:\w+ )?contrast|"
    r"omnipaque|isovue|visipaque|optiray|ultravist|drank (?:\w+ )?barium|barium was (?:given|administered|swallowed)|"
    r"(?:arterial|venous|portal|nephrographic|excretory|dual)(?: and \w+)? phases?|delayed images|fluoroscopy time|"
    r"\d(?:\.\d+)? ?mm (?:slices?|sections|collimation|slice thickness|intervals)|(?:slices|sections) of \d|"
    r"\d+[- ]slice|"
    r"high[- ]resolution (?:sections|slices|images)|slice thickness|thin collimation|volumetric acquisition|helical|"
    r"(?:soft tissue|lung|bone) (?:algorithm|kernel|window\w*)|windowed for|(?:ecg|cardiac)[- ]gat\w+|ctdi\w*|dlp|"
    r"in the scanner|pulse sequences?|series \d+,? image \d+|"
    r"images? \d+[/-]\d+|gastrografin|enema|pass(?:es)? \d+|\d+-gauge)\b",
    re.IGNORECASE,
)
SHORT = {
    "CR": "XR",
    "DX": "XR",
    "MRI": "MR",
    "USS": "US",
    "USG": "US",
    "CXR": "XR",
    "RAD": "XR",
    "FL": "RF",
    "MAMMO": "MG",
    "ECHO": "US",
    "CTA": "CT",
    "XRAY": "XR",
    "PT": "NM",
    "PET": "NM",
}
PARTS = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for name, words in {
        "chest": r"chest|thorax|thoracic(?! spine| vertebra)|lungs?|cxr|ribs?|sternum|clavicles?|pa and lateral|"
        r"hrct|ctpa|"
        r"pulmonary angiogra\w+|"
        r"pulmonary arter\w+|pe protocol|pulmonary embol\w+ (?:protocol|study)|lung screening|pcxr|cap",
        "abdomen": r"abdom\w+|kub|liver|kidneys?|renal|pancreas|gallbladder|bowel|pelvi\w+|urogra\w+|"
        r"ruq|a/p|cap|axr|scrot\w+|testic\w+|prostate|bladder|transvaginal|endovaginal|obstetric\w*|appendix|spleen|"
        r"enterograph\w+|colonograph\w+|cholangiopancreatograph\w+|mrcp|adrenals?|uterus|ovar\w+",
        "head": r"head|brain|skull|sinus\w*|facial bones?|orbits?|mandible|pituitary|temporal bones?|iacs?|"
        r"intracranial|tmj|"
        r"orthopantomogram|mastoids?",
        "neck": r"neck|cervical spine|c[- ]spine|carotids?|thyroid|soft tissue neck",
        "spine": r"(?:thoracic|dorsal|lumbar|lumbosacral|whole|total|l|t|ls|d) ?-?spine|sacrum|scoliosis|coccyx",
        "shoulder": r"shoulders?|humerus|scapula",
        "arm": r"elbows?|forearms?|wrists?|hands?|fingers?|thumbs?",
        "leg": r"hips?|femurs?|knees?|tibia|fibula|ankles?|foot|feet|toes?|calcaneus|lower extremit\w+|"
        r"tib-?/?fib|legs?|heels?|patella",
        "breast": r"breasts?|mammogra\w+|mammo",
        "heart": r"cardiac|coronar\w+|echocardiogra\w+|calcium scor\w+",
    }.items()
}
# parts that one study shows together
TOGETHER = frozenset({"chest", "shoulder", "heart", "spine"})


_FILM = re.compile(  # how a title names a radiograph without its kind: "Chest PA and lateral"
    r"\b(?:(?:one|two|three|four|[1-6]|min)[ -]*(?:or more )?(?:views?|v|vw|vws)|[1-4]v|views?|pa|ap|lat|lateral|portable|"
    r"ribs?|inspiration|frontal|obliques?)\b",
    re.IGNORECASE,
)


def kinds_named(title: str) -> list[str]:
    """The kinds of study that a title or an order names; a radiograph may be named by its views."""
    kinds = [name for name, pattern in MODALITIES if pattern.search(title)]
    return kinds if kinds or not _FILM.search(title) else ["XR"]


def parts_named(words: str) -> frozenset[str]:
    """The parts of the body that these words name."""
    return frozenset(name for name, pattern in PARTS.items() if pattern.search(words))
