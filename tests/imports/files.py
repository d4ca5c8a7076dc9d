"""Workbooks made by hand, part by part, for what no table program would write."""

import io
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def relations(*entries: tuple[str, str, str]) -> str:
    rows = "".join(f'<Relationship Id="{i}" Type="{OFFICE}/{kind}" Target="{to}"/>' for i, kind, to in entries)
    return f'{XML}<Relationships xmlns="{PACKAGE}">{rows}</Relationships>'


def sheet(rows: str, after: str = "") -> str:
    return f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def text_row(number: int, *texts: str) -> str:
    cells = "".join(
        f'<c r="{chr(65 + i)}{number}" t="inlineStr"><is><t>{t}</t></is></c>' for i, t in enumerate(texts)
    )
    return f'<row r="{number}">{cells}</row>'


def xlsx(sheet_xml: str | bytes = "", **parts: str | bytes | None) -> bytes:
    """A workbook with one sheet; `parts` replace a member or, as None, leave it out (`/` written `__`)."""
    members: dict[str, str | bytes | None] = {
        "[Content_Types].xml": f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="入住" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(
            ("rId1", "worksheet", "worksheets/sheet1.xml"),
            *((("rId2", "sharedStrings", "sharedStrings.xml"),) if "xl__sharedStrings.xml" in parts else ()),
        ),
        "xl/worksheets/sheet1.xml": sheet_xml or sheet(text_row(1, "房号")),
    }
    members |= {name.replace("__", "/"): content for name, content in parts.items()}
    return zipped({name: content for name, content in members.items() if content is not None})


def zipped(members: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()
