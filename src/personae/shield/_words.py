"""Tables behind `generalize`: the continent of each country, countries that take an article, and titles by field of work."""

from __future__ import annotations

_CODES = {
    "Europe": "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU "
    r"IE IM IS IT JE LI LT LU LV MC MD ME MK MT "
    "NL NO PL PT RO RS RU SE SI SK SM UA VA XK",
    "Asia": "AE AF AM AZ BD BH BN BT CN GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS QA "
    "SA SG SY TH TJ TL TM TR TW UZ VN YE",
    "Africa": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE "
    r"KM LR LS LY MA MG ML MR MU MW MZ NA NE NG "
    "RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
    "North America": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM "
    r"KN KY LC MF MQ MS MX NI PA PM PR SV SX TC "
    "TT US VC VG VI",
    "South America": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
    "Oceania": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV VU WF WS",
}
CONTINENTS = {code: continent for continent, codes in _CODES.items() for code in codes.split()}
WITH_ARTICLE = frozenset((
    "United States", "United Kingdom", "Netherlands", "Philippines", "United Arab Emirates", "Czech Republic",
    "Dominican Republic", "Bahamas", "Maldives", "Gambia",
))  # fmt: skip
FIELDS: tuple[tuple[str, str], ...] = (
    ("health care", r"(?:registered |head )?nurses?|doctors?|surgeons?|physicians?|"
     r"paramedics?|midwi(?:fe|ves)|dentists?|pharmacists?|"
     r"physiotherapists?|psychologists?|therapists?|veterinarians?|vets?|caregivers?|medics?|radiologists?|pediatricians?"),
    ("education", r"(?:school |high school |university )?teachers?|professors?|lecturers?|"
     r"tutors?|educators?|librarians?|principals?"),
    ("technology", r"(?:software |web |game |data |systems? )?(?:developers?|programmers?|"
     r"coders?)|software engineers?|data scientists?|"
     r"data analysts?|sysadmins?|web designers?|(?:ux|ui) designers?|it (?:specialist|consultant|manager)s?"),
    ("engineering", r"(?:civil |mechanical |electrical |chemical )?engineers?|architects?|surveyors?|urban planners?"),
    ("law", r"lawyers?|attorneys?|solicitors?|barristers?|paralegals?|judges?|notar(?:y|ies)"),
    ("finance", r"accountants?|bankers?|financial (?:analyst|advisor|planner)s?|"
     r"actuar(?:y|ies)|auditors?|brokers?|economists?"),
    ("the arts", r"(?:graphic )?designers?|artists?|musicians?|painters?|photographers?|"
     r"actors?|actress(?:es)?|film ?makers?|writers?|"
     r"authors?|poets?|dancers?|sculptors?|illustrators?|animators?|curators?|composers?"),
    ("the media", r"journalists?|reporters?|editors?|bloggers?|copywriters?|translators?"),
    ("science", r"scientists?|researchers?|biologists?|chemists?|physicists?|"
     r"geologists?|astronomers?|statisticians?|historians?"),
    ("a trade", r"electricians?|plumbers?|carpenters?|mechanics?|welders?|builders?|technicians?|tailors?|jewel(?:l?)ers?"),
    ("food and hospitality", r"chefs?|cooks?|bakers?|bartenders?|baristas?|waiters?|waitress(?:es)?|servers?|sommeliers?"),
    ("public service", r"police officers?|cops?|fire ?fighters?|soldiers?|diplomats?|social workers?|civil servants?"),
    ("transport", r"(?:truck |bus |taxi )?drivers?|pilots?|flight attendants?|couriers?|sailors?"),
    ("business", r"(?:marketing |product |project |sales |store |account )?managers?|"
     r"entrepreneurs?|consultants?|ceos?|salespe(?:rson|ople)|"
     r"marketers?|realtors?|real estate agents?|cashiers?|shopkeepers?|event planners?"),
    ("the outdoors", r"farmers?|gardeners?|fisher(?:man|men)|rangers?|landscapers?|foresters?"),
)  # fmt: skip
