import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.errors import BadInput
from personae.people.archives import whatsapp
from personae.people.archives._source import Limits, open_source
from personae.people.archives.rows import Options, RowError, Tally
from personae.people.records import person_id


@pytest.fixture
def chat(tmp_path, load):
    """Write a chat and read it: (traces, errors)."""

    def read(text, options=None, name="chat.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(whatsapp, path, options)

    return read


AT_20 = datetime(2016, 8, 12, 16, 20, tzinfo=UTC)
AT_20_05 = AT_20.replace(second=5)
HEADERS = [
    ("12/08/2016, 16:20 - Ana: hi", AT_20),
    ("[12/08/2016, 16:20:05] Ana: hi", AT_20_05),
    ("[12.08.2016, 16:20:05] Ana: hi", AT_20_05),
    ("[12.08.16 16:20:05] Ana: hi", AT_20_05),
    ("12.08.16, 16:20 - Ana: hi", AT_20),
    ("12-08-2016 16:20 - Ana: hi", AT_20),
    ("12/08/2016, 16:20 – Ana: hi", AT_20),
    ("12/08/2016, 16:20 , Ana: hi", AT_20),
    ("12/08/2016, 4:20 PM - Ana: hi", AT_20),
    ("12/08/2016, 4:20\u202fPM - Ana: hi", AT_20),
    ("12/08/2016, 4:20\u202fp.\u00a0m. - Ana: hi", AT_20),
    ("12/08/2016 4:20 p. m. - Ana: hi", AT_20),
    ("12/08/16, 4:20 pm - Ana: hi", AT_20),
    ("\u200e[12/08/2016, 4:20:05\u202fPM] Ana: hi", AT_20_05),
    ("\ufeff12/08/2016, 16:20 - Ana: hi", AT_20),
    ("2016-08-12, 16:20 - Ana: hi", AT_20),
    ("[2016-08-12, 16:20:05] Ana: hi", AT_20_05),
    ("2016/8/12 下午4:20 - Ana: hi", AT_20),
    ("2016. 8. 12. 오후 4:20, Ana: hi", AT_20),
    ("[12.8.2016 klo 16.20.05] Ana: hi", AT_20_05),
    ("12.08.16, 16:20 Uhr - Ana: hi", AT_20),
    (
        "\u200f\u0661\u0662\u200f/\u0660\u0668\u200f/\u0662\u0660\u0661\u0666، \u0664:\u0662\u0660 م - Ana: hi",
        AT_20,
    ),
    ("12/8/2016, 4:20 μ.μ. - Ana: hi", AT_20),
    ("[12/08/2016, 16:20:05] ~\u202fAna: hi", AT_20_05),
]


@pytest.mark.parametrize(("line", "time"), HEADERS, ids=[ascii(line) for line, _ in HEADERS])
def test_every_header_shape_is_read(chat, line, time):
    (trace,), errors = chat(line + "\n", Options(day_first=True))
    assert (trace.text, trace.time, trace.role, errors) == ("hi", time, "self", [])
    assert trace.person == person_id("Ana")
    assert trace.where == "chat.txt:1"


@pytest.mark.parametrize(
    ("clock", "hour"), [("12:05 AM", 0), ("12:05 PM", 12), ("1:05 a.m.", 1), ("11:05 p.m.", 23)]
)
def test_midnight_and_noon_by_a_twelve_hour_clock(chat, clock, hour):
    (trace,), _ = chat(f"13/08/2016, {clock} - Ana: hi\n")
    assert trace.time.hour == hour


@pytest.mark.parametrize(
    ("dates", "day_first", "month_and_day"),
    [
        (["03/04/2021", "25/04/2021"], None, (4, 3)),
        (["03/04/2021", "03/25/2021"], None, (3, 4)),
        (["03/04/2021", "25/04/2021"], False, (4, 3)),  # the file outweighs the option
        (["03/04/2021"], True, (4, 3)),
        (["03/04/2021"], False, (3, 4)),
        (["03/04/2021", "01/05/2021", "02/06/2021"], None, (4, 3)),  # time must not run backwards
        (["03/04/2021", "05/01/2021", "06/02/2021"], None, (3, 4)),
        (["03/04/2021"], None, (4, 3)),
        (["20-05-31", "20-06-01"], None, (5, 31)),  # two-digit year first
        (["20-06-08", "20-06-09"], True, (6, 8)),  # 2008 and 2009: WhatsApp began in 2009
    ],
)
def test_the_order_of_day_and_month(chat, dates, day_first, month_and_day):
    text = "".join(f"{date}, 16:20 - Ana: hi\n" for date in dates)
    traces, _ = chat(text, Options(day_first=day_first))
    assert (traces[0].time.month, traces[0].time.day) == month_and_day


def test_an_undecided_date_is_month_first_only_where_it_looks_american(chat):
    (american,), _ = chat("3/4/21, 4:20\u202fPM - Ana: hi\n")
    (indian,), _ = chat("03/04/21, 4:20 pm - Ana: hi\n")
    assert american.time == datetime(2021, 3, 4, 16, 20, tzinfo=UTC)
    assert indian.time == datetime(2021, 4, 3, 16, 20, tzinfo=UTC)


def test_continued_lines_belong_to_the_message(chat):
    (first, second), errors = chat(
        "13/08/2016, 16:20 - Ana: one\n\n  two: three\n13 green bottles\n13/08/2016, 16:21 - Bea: four\n"
    )
    assert first.text == "one\n\n  two: three\n13 green bottles"
    assert (second.text, second.where, errors) == ("four", "chat.txt:5", [])


SYSTEM = [
    "13/08/2016, 16:20 - Messages and calls are end-to-end encrypted. Learn more.",
    '13/08/2016, 16:20 - Ana changed the subject from "Trip: Porto" to "Trip: Faro"',
    "13/08/2016, 16:20 - Ana changed the group name to “Trip: Porto”",
    "[13/08/2016, 16:20:05] \u200eYou created this group",
]
MEDIA = [
    "<Media omitted>", "<Medien ausgeschlossen>", "<Multimedia omitido>", "\u200eimage omitted", "image omitted",
    "sticker omitted", "Bild weggelassen", "IMG-20160813-WA0001.jpg (file attached)", "\u200eVID-1.mp4 (Datei angehängt)",
    "\u200e<attached: 00000012-PHOTO-2016-08-13.jpg>", "This message was deleted", "This message was deleted.",
    "Diese Nachricht wurde gelöscht.", "null", "\u200eMissed voice call", "location: https://maps.example.org/?q=1.5,2.5", "",
]  # fmt: skip


@pytest.mark.parametrize("line", SYSTEM)
def test_lines_of_whatsapp_are_skipped_and_counted(chat, line):
    traces, errors = chat(f"{line}\n13/08/2016, 16:21 - Ana: hi\n")
    assert [trace.text for trace in traces] == ["hi"]
    assert errors == [RowError("chat.txt:1", "a line that WhatsApp wrote itself")]


@pytest.mark.parametrize("note", MEDIA)
def test_media_and_notes_are_skipped_and_counted(chat, note):
    traces, errors = chat(f"13/08/2016, 16:20 - Ana: {note}\n13/08/2016, 16:21 - Ana: hi\n")
    assert [trace.text for trace in traces] == ["hi"]
    assert errors == [RowError("chat.txt:1", "media or a note, without words of the sender")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("see you at six <This message was edited>", "see you at six"),
        ("see you at six \u200e<This message was edited>", "see you at six"),
        ("bis später <Diese Nachricht wurde bearbeitet.>", "bis später"),
        ("our kitchen \u200e<attached: 00000012-PHOTO.jpg>", "our kitchen"),
        ("IMG-1.jpg (file attached)\nour kitchen", "our kitchen"),
        ("\u200ePOLL:\nWhere to?\n\u200eOPTION: Porto (2 votes)", "Where to?"),
        ("@\u2068Bea\u2069 come", "@Bea come"),
        ("I omitted the image", "I omitted the image"),
        ("a <3 b", "a <3 b"),
    ],
)
def test_what_the_sender_wrote_beside_a_note_is_kept(chat, body, text):
    (trace,), _ = chat(f"13/08/2016, 16:20 - Ana: {body}\n")
    assert trace.text == text


TWO = "13/08/2016, 16:20 - Ana: hello\n13/08/2016, 16:21 - Bea Luz: hello you\n"


def test_without_an_owner_every_sender_is_a_person_of_their_own(chat):
    traces, _ = chat(TWO)
    assert [(t.person, t.role) for t in traces] == [
        (person_id("Ana"), "self"),
        (person_id("Bea Luz"), "self"),
    ]
    assert traces[0].thread == traces[1].thread


def test_the_owner_may_be_named(chat):
    traces, _ = chat(TWO, Options(person="bea luz"))
    assert [(t.person, t.role) for t in traces] == [("bea luz", "other"), ("bea luz", "self")]


def test_a_name_that_nobody_has_is_an_error_that_names_no_sender(chat):
    with pytest.raises(BadInput, match="none of its 2 senders") as caught:
        chat(TWO, Options(person="Carla"))
    assert "Ana" not in str(caught.value)


def test_who_deleted_a_message_of_their_own_is_the_owner(chat):
    traces, _ = chat(TWO + "13/08/2016, 16:22 - Ana: You deleted this message\n")
    assert [t.role for t in traces] == ["self", "other"]
    assert {t.person for t in traces} == {person_id("Ana")}


@pytest.mark.parametrize("name", ["WhatsApp Chat with Bea Luz.txt", "WhatsApp-Chat mit Bea Luz(1).txt"])
def test_a_chat_named_after_the_other_tells_the_owner(chat, name):
    traces, _ = chat(TWO, name=name)
    assert [t.role for t in traces] == ["self", "other"]


def test_a_zip_named_after_the_other_tells_the_owner(tmp_path, load):
    path = tmp_path / "WhatsApp Chat - Ana.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", TWO)
        archive.writestr("00000012-PHOTO.jpg", b"\xff\xd8")
    traces, _ = load(whatsapp, path)
    assert [t.role for t in traces] == ["other", "self"]
    assert traces[0].where == "_chat.txt:1"


def test_the_one_sender_of_all_chats_is_the_owner(tmp_path, load):
    (tmp_path / "a.txt").write_text(TWO)
    (tmp_path / "b.txt").write_text("13/08/2016, 16:20 - Ana: x\n13/08/2016, 16:21 - Carla: y\n")
    traces, _ = load(whatsapp, tmp_path)
    assert [t.role for t in traces] == ["self", "other", "self", "other"]
    assert len({t.thread for t in traces}) == 2


def test_a_phone_number_is_neither_a_name_nor_a_hash_of_itself(chat):
    number = "+351 912 345 678"
    traces, _ = chat(f"13/08/2016, 16:20 - {number}: call {number}, @351912345678\n" + TWO)
    assert traces[0].person not in {person_id(number), traces[1].person, traces[2].person}
    assert traces[0].text == "call [phone], @[phone]"


def test_repeated_messages_of_one_minute_have_ids_of_their_own(chat):
    line = "13/08/2016, 16:20 - Ana: ok\n"
    traces, _ = chat(line * 3)
    again, _ = chat(line * 4, name="again.txt")
    assert len({t.id for t in traces}) == 3
    assert [t.id for t in traces] == [t.id for t in again[:3]]


def test_dates_that_do_not_exist_are_errors_without_words_of_the_row(chat):
    traces, errors = chat(
        "13/08/2016, 16:20 - Ana: hi\n31/02/2016, 16:20 - Ana: canary\n13/08/2016, 26:20 - Ana: canary\n"
    )
    assert len(traces) == 1
    assert [e.where for e in errors] == ["chat.txt:2", "chat.txt:3"]
    assert "canary" not in repr(errors)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(chat, encoding):
    (trace,), _ = chat("13/08/2016, 16:20 - Ana: café à côté\n".encode(encoding))
    assert trace.text == "café à côté"


@pytest.mark.parametrize(
    ("text", "is_chat"),
    [
        (TWO, True),
        ("a first line\n" + TWO, True),
        ("Dear Ana,\nsee you on 13/08/2016, 16:20 - or not.\n", False),
        ("a,b\n1,2\n", False),
        ("", False),
    ],
)
def test_detection_reads_content(tmp_path, text, is_chat):
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with open_source(path) as source:
        assert (whatsapp.detect(source) > 0.5) is is_chat


def test_a_message_without_end_is_cut_not_held(tmp_path, load):
    path = tmp_path / "chat.txt"
    path.write_text("13/08/2016, 16:20 - Ana: begin\n" + ("x" * 99 + "\n") * 30_000)
    (trace,), _ = load(whatsapp, path)
    assert len(trace.text) < 1.1 * whatsapp.MESSAGE_CHARS


@pytest.mark.parametrize("hostile", ["\u200e" * 900_000, " " * 900_000, "<" + " " * 900_000, "1" * 900_000])
def test_hostile_lines_cost_no_more_than_their_length(chat, hostile):
    traces, errors = chat(f"13/08/2016, 16:20 - Ana: hi\n{hostile}\n13/08/2016, 16:20 - Ana: {hostile}>\n")
    assert len(traces) + len(errors) == 2


NAMES = st.text(st.characters(categories=("Lu", "Ll")), min_size=1, max_size=12).map(str.strip).filter(bool)
WORDS = st.text(st.characters(categories=("Lu", "Ll", "Po", "Nd")), min_size=1, max_size=9).filter(
    lambda word: word.lower() != "null"  # stands where a message was not kept
)
BODIES = st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=3).map(
    "\n".join
)
MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)).map(
    lambda t: t.replace(second=0, microsecond=0)
)
SHAPES = ["%d/%m/%Y, %H:%M - ", "[%d.%m.%y, %H:%M:%S] ", "%Y-%m-%d, %I:%M %p - ", "%d-%m-%Y %H:%M – "]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(MOMENTS, NAMES, BODIES), min_size=1, max_size=8), shape=st.sampled_from(SHAPES)
)
def test_what_is_written_is_read_back(tmp_path_factory, load, rows, shape):
    path = tmp_path_factory.mktemp("chat") / "chat.txt"
    path.write_text("".join(f"{time.strftime(shape)}{name}: {body}\n" for time, name, body in rows))
    traces, errors = load(whatsapp, path, Options(day_first=True, keep_identifiers=True))
    assert errors == []
    traces.sort(key=lambda t: int(t.where.split(":")[1]))
    assert [(t.time, t.text) for t in traces] == [(time.replace(tzinfo=UTC), body) for time, _, body in rows]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: f"{TWO}{t}\n{TWO}".encode())))
def test_any_bytes_are_read_without_raising(tmp_path_factory, body):
    folder = tmp_path_factory.mktemp("chat")
    (folder / "chat.txt").write_bytes(body)
    tally = Tally()
    with open_source(folder, Limits(row_bytes=4096)) as source:
        traces = list(tally.traces(whatsapp.read(source, Options())))
    assert (tally.read, tally.kept) == (tally.kept + tally.skipped, len(traces))


def test_null_is_a_message_that_was_not_kept_but_a_word_before_other_lines(chat):
    traces, _ = chat("13/08/2016, 16:20 - Ana: null\n13/08/2016, 16:21 - Ana: null\nand void\n")
    assert [trace.text for trace in traces] == ["null\nand void"]
