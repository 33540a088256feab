import pytest

from app.proofreading.language import is_english


@pytest.mark.parametrize(
    "text",
    [
        "FINDINGS: Heart size normal. No pleural effusion or pneumothorax.\nIMPRESSION: No acute disease.",
        "No effusion.",
        "XXXX XXXX XXXX clear lungs.",
        "",
        "1.2 cm",
        "ET tube 3 cm above carina. LA enlarged. ET tube unchanged.",
        "Left lower lobe pneumonia. Normal heart.",
        "FINDINGS: LLL PNA. IMPRESSION: RLL PNA.",
        "IMPRESSION: 1. Cholelithiasis. 2. Hepatic steatosis. 3. Nephrolithiasis. 4. Diverticulosis.",
        "Hilar lymphadenopathy, granulomatous calcifications, pleuroparenchymal scarring, bronchiectasis, honeycombing.",
        "Patient de la Cruz, Maria del Carmen. Dr. van der Berg. Lungs clear.",
        "Cardiomegaly.",
        "ETT 3 CM ABOVE CARINA. RIJ CVC TIP SVC. NO PTX.",
        "R IJ CVC, L PICC. SM B/L EFFS. CHF. CM.",
        "Dr. de la Cruz was told. There is a fracture with edema of the foot.",
    ],
)
def test_english(text: str) -> None:
    assert is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "TECHNIQUE: radio de face. Pas de pneumothorax. Petit \u00e9panchement pleural gauche.",
        "Pas de fracture, pas de pneumothorax.",
        "Pas d'\u00e9panchement pleural.",
        "Poumons clairs. Coeur normal.",
        "Pleuraerguss links. Herz normal.",
        "Herz normal. Lunge frei. Thorax normal.",
        "Derrame pleural bilateral.",
        "Geen pleuravocht. Normale hartgrootte.",
        "Consolida\u00e7\u00e3o basal direita.",
        "Torace normale.",
        "CT THORAX: PAS D'EPANCHEMENT PLEURAL. PAS DE PNEUMOTHORAX. COEUR DE TAILLE NORMALE.",
        "RX TORAX PA: SIN DERRAME PLEURAL. SIN NEUMOTORAX. SILUETA CARDIACA NORMAL.",
        "Achados: derrame pleural esquerdo. Sem pneumotorax. Derrame pleural direito.",
        "BEFUND: Kein Pleuraerguss. Herz normal gro\u00df. Zwerchfellkuppen glatt begrenzt.",
        "\u53cc\u80ba\u7eb9\u7406\u6e05\u6670\uff0c\u672a\u89c1\u80f8\u8154\u79ef\u6db2\u3002",
        "Hallazgos: silueta cardiaca normal. No se observa derrame pleural. Sin alteraciones agudas.",
    ],
)
def test_other_languages_are_not_checked_rather_than_found_clean(check, text: str) -> None:  # type: ignore[no-untyped-def]
    assert not is_english(text)
    checked = check(text)
    assert checked.errors == ()
    assert not checked.coverage.complete
    assert checked.coverage.rules == "failed: unsupported_language"
    assert checked.corrected_text == text
