"""Papers in any script: every letter is drawn by a glyph, and can be read out of the PDF again."""

import struct
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, StreamObject

from clinic_core.kit.paper import Paper
from clinic_core.kit.paper_fonts import FAMILY, paper_font
from clinic_core.kit.paper_text import MISSING, is_plain, isolated, runs_of

NAMES = {
    "Latin": "Nguyễn Thị Ánh",
    "Greek": "Ωραία Ντόρα",
    "Cyrillic": "Щербаков Ёж",
    "Arabic": "محمد الأحمدي",
    "Persian": "پژوهش می‌خواهم",
    "Hebrew": "משה כהן-לוי",
    "Devanagari": "क्षितिज श्रीवास्तव",
    "Bengali": "শ্রীকান্ত চট্টোপাধ্যায়",
    "Gurmukhi": "ਹਰਪ੍ਰੀਤ ਸਿੰਘ",
    "Gujarati": "કૃષ્ણ પટેલ",
    "Oriya": "ଶ୍ରୀକାନ୍ତ ମହାନ୍ତି",
    "Tamil": "கிருஷ்ணமூர்த்தி",
    "Telugu": "శ్రీనివాస్ రెడ్డి",
    "Kannada": "ಶ್ರೀನಿವಾಸ ಮೂರ್ತಿ",
    "Malayalam": "ശ്രീകുമാർ നായർ",
    "Sinhala": "ශ්‍රී ලංකා",
    "Thai": "สมชาย ศรีสุข",
    "Lao": "ສົມພອນ ວົງສາ",
    "Khmer": "សុខា ច័ន្ទ",
    "Myanmar": "အောင်ဆန်းစုကြည်",
    "Georgian": "ნინო ბერიძე",
    "Armenian": "Արամ Խաչատրյան",
    "Ethiopic": "አበበ ቢቂላ",
    "Chinese, simplified": "欧阳娜娜",
    "Chinese, traditional": "張偉豪",
    "Japanese": "山田 太郎 さくら タロウ",
    "Korean": "김민수 홍길동",
    "two of them": "Dr. משה Cohen",
}


def printed(*texts: str, style: str = "") -> bytes:
    paper = Paper(title="Names", author="Clinic", footer="Names")
    paper.add_page()
    for text in texts:
        paper.write_in(11, style)
        paper.cell(0, 8, text, new_x="LMARGIN", new_y="NEXT")
    return paper.to_bytes()


def letters_of(pdf: bytes) -> str:
    """The text without spaces: readers guess those from the distances between glyphs."""
    return "".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def embedded(pdf: bytes) -> dict[str, bytes]:
    """The font files of the first page by the names of their fonts."""
    (page,) = PdfReader(BytesIO(pdf)).pages
    files = {}
    resources = page["/Resources"]
    assert isinstance(resources, DictionaryObject)
    fonts = resources["/Font"].get_object()
    assert isinstance(fonts, DictionaryObject)
    for reference in fonts.values():
        font = reference.get_object()["/DescendantFonts"][0].get_object()
        file = font["/FontDescriptor"]["/FontFile2"]
        assert isinstance(file, StreamObject)
        assert font["/CIDToGIDMap"] == "/Identity"
        files[str(font["/BaseFont"])] = file.get_data()
    return files


@pytest.mark.parametrize("style", ["", "B"])
@pytest.mark.parametrize("script", NAMES)
def test_a_name_of_any_script_can_be_read_out_of_the_paper(script: str, style: str) -> None:
    name = NAMES[script]
    pdf = printed(name, style=style)
    assert "".join(name.split()) in letters_of(pdf)
    assert MISSING not in letters_of(pdf)


def test_no_letter_is_drawn_by_the_sign_for_a_missing_one() -> None:
    for name, file in embedded(printed(*NAMES.values())).items():
        missing = glyph(file, 0)
        assert missing, name
        assert missing not in [glyph(file, number) for number in range(1, count(file))], name


def test_letters_that_no_font_has_are_shown_as_missing_and_joiners_leave_no_trace() -> None:
    text = letters_of(printed("Ann 🩺\ufe0f Smith"))
    assert f"Ann{MISSING}Smith" in text


def test_joined_text_tells_what_it_says_to_readers_aloud() -> None:
    page = PdfReader(BytesIO(printed("क्षितिज"))).pages[0]
    contents = page.get_contents()
    assert contents is not None
    assert b"/ActualText <FEFF" + "क्षितिज".encode("utf-16-be").hex().upper().encode() in contents.get_data()


def test_a_name_from_right_to_left_leaves_the_order_of_an_english_phrase_alone() -> None:
    runs = runs_of(f"{isolated('כהן')}, P-004217")
    assert [(run.text, run.direction.name) for run in runs] == [("כהן", "RTL"), (", P-004217", "LTR")]
    assert {run.paragraph.name for run in runs} == {"LTR"}
    assert isolated("Cohen") == "Cohen"


def test_a_page_that_begins_in_another_script_goes_on_in_the_usual_font() -> None:
    paper = Paper(title="Names", author="Clinic", footer="Names")
    paper.add_page()
    paper.write_in(9)
    for _ in range(80):
        paper.multi_cell(0, 5, "王小明", new_x="LMARGIN", new_y="NEXT")
    paper.write_in(9)
    paper.cell(0, 5, "Balance due")
    reader = PdfReader(BytesIO(paper.to_bytes()))
    assert "Balance due" in reader.pages[-1].extract_text()
    assert reader.pages[-1].extract_text().count("王小明") + reader.pages[0].extract_text().count("王小明") == 80


def test_plain_text_after_another_script_is_drawn_in_its_own_font() -> None:
    paper = Paper(title="Names", author="Clinic", footer="Names")
    paper.letterhead("כהן", "Invoice", ("תל אביב", "Hill 1"))
    paper.address_and_facts(("משה", "PO 7", "王", "PO 8"), (("Patient", "محمد"), ("Status", "Paid")))
    text = PdfReader(BytesIO(paper.to_bytes())).pages[0].extract_text()
    assert all(word in text for word in ("Hill 1", "PO 7", "PO 8", "Status", "Paid", "Page 1 of 1"))


def test_fonts_of_other_scripts_are_embedded_only_where_a_text_needs_them() -> None:
    assert {name.split("+")[1] for name in embedded(printed("Łucja"))} == {"NotoSans"}
    assert "ClinicboardSansCJK" in {name.split("+")[1] for name in embedded(printed("王"))}


def test_usual_letters_go_the_fast_way() -> None:
    assert all(map(is_plain, ("Łucja Ångström", "Ωραία", "Щербаков", "€ 1’234.50 – ½ · №", "Nguyễn\nThị")))
    assert not any(map(is_plain, ("e\u0301", "כ", "\u202eabc", "王", "🩺")))


def test_glyphs_made_of_others_bring_them_along() -> None:
    font = paper_font(FAMILY, "")
    number = font.parsed.glyph_ids[ord("é")]
    file = font.glyphs.cut({1: number})
    assert count(file) > 2
    whole = glyph(file, 1)
    assert struct.unpack_from(">h", whole)[0] == -1
    assert struct.unpack_from(">H", whole, 12)[0] in range(2, count(file))


def test_the_fonts_come_with_their_licence_and_no_reserved_name() -> None:
    folder = Path(__file__).resolve().parents[2] / "clinic_core" / "assets" / "fonts"
    licence = (folder / "OFL.txt").read_text(encoding="utf-8")
    assert all(file.stem.split("-")[0] in licence for file in folder.glob("*.ttf"))
    assert sum(file.stat().st_size for file in folder.glob("*.ttf")) < 11_000_000


def tables(file: bytes) -> dict[str, bytes]:
    found = {}
    for at in range(struct.unpack_from(">H", file, 4)[0]):
        tag, _, start, length = struct.unpack_from(">4sLLL", file, 12 + 16 * at)
        found[tag.decode()] = file[start : start + length]
    return found


def count(file: bytes) -> int:
    return int(struct.unpack_from(">H", tables(file)["maxp"], 4)[0])


def glyph(file: bytes, number: int) -> bytes:
    parts = tables(file)
    start, end = struct.unpack_from(">LL", parts["loca"], 4 * number)
    return parts["glyf"][start:end]
