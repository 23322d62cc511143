"""Write `chatgpt-export.zip`: the export of an invented person, in the layout ChatGPT uses.

python examples/make_example.py
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

CONVERSATIONS = [
    (
        "Night shift meals",
        "2024-02-03",
        [
            "What can I cook on Sunday that still tastes fine cold on Wednesday? I eat at 3 in the morning and the hospital canteen is closed.",
            "No fish please, my colleagues on the ward complain every time someone opens a tupperware of bacalhau.",
            "After twelve hours on my feet I want something with rice. We were two nurses short again last night.",
        ],
    ),
    (
        "Running plan",
        "2024-03-11",
        [
            "I want to run the half marathon along the Douro in autumn. I can do 10k in just under an hour. Make me a plan of three runs a week.",
            "The hills here are brutal, everything from Ribeira up to my street is stairs. Where do I put interval training?",
            "My knees are not what they were, I turned 34 last week and I feel every descent.",
        ],
    ),
    (
        "Letter to the landlord",
        "2024-04-20",
        [
            "Rewrite this politely: the boiler has been broken for two weeks and my rent is 780 euros, which is more than half of what I take home.",
            "Sign it from both of us, my boyfriend is on the contract too.",
            "Can I withhold rent in Portugal if the landlord does nothing? I have read different things.",
        ],
    ),
    (
        "Python for shift tables",
        "2024-05-02",
        [
            "def overlap(a, b): return max(0, min(a[1], b[1]) - max(a[0], b[0])) # why is this negative for nights that cross midnight?",
            "The rota comes as an Excel file with one tab a month. I only know a little Python from a course I took after my degree.",
        ],
    ),
    (
        "Birthday present",
        "2024-06-18",
        [
            "My brother is an engineer and turns 40 in July. He lives in Lyon. Ideas under 50 euros that fit in hand luggage?",
            "He has enough wine. I was born in Braga and so was he, so something from there would make him homesick in a good way.",
        ],
    ),
    (
        "Wedding speech",
        "2024-09-07",
        [
            "My best friend gets married in two weeks and I have to speak. Warm, short, one joke. We met in nursing school in Coimbra.",
            "Less sugar please. She would laugh at me.",
        ],
    ),
    (
        "Savings",
        "2024-10-15",
        [
            "How much should I keep as an emergency fund if I make about 19000 euros a year before tax?",
            "We are saving for a ring as well, but that is supposed to be a secret I know about.",
            "Would a second job in a private clinic change my tax bracket?",
        ],
    ),
    (
        "Engaged!",
        "2025-01-02",
        [
            "He asked on New Year's Eve on the bridge and I said yes. Help me tell my mother over the phone without her planning everything at once.",
            "My fiancé wants a small party, his family is enormous. How do I keep the list under sixty?",
        ],
    ),
    (
        "Story for my niece",
        "2025-02-09",
        [
            "Write a bedtime story about an otter who is afraid of water. My niece is 6 and wants to know why for everything.",
            "Could the otter be a nurse? No, I am joking, make her a lighthouse keeper.",
        ],
    ),
    (
        "Moving flat",
        "2025-03-22",
        [
            "I moved to Matosinhos last month, checklist for changing addresses please. I keep forgetting offices.",
            "It is twenty minutes further from the hospital but I can see the sea from the kitchen.",
        ],
    ),
    (
        "Burnout",
        "2025-05-30",
        [
            "I am a nurse, eleven years now, and lately I cry in the car before shifts. Is that burnout or just a bad spring?",
            "My head nurse is kind but the hospital is not. I could not just stop, you know how it is with a loan.",
            "What would studying for a master's in public health at night look like for someone my age?",
        ],
    ),
    (
        "Trip to Galicia",
        "2025-08-14",
        [
            "Three days by car from home to Santiago and back with stops for swimming. My fiancé drives, I read the map badly.",
            "We prefer cheap places where you can hear the sea. No nightclubs, I am 35 and my feet hurt.",
        ],
    ),
]


def conversation(title: str, day: str, lines: list[str]) -> dict[str, object]:
    start = datetime.fromisoformat(day).replace(hour=20, tzinfo=UTC)
    mapping: dict[str, object] = {"root": {"id": "root", "parent": None, "children": [], "message": None}}
    parent = "root"
    for i, text in enumerate(lines):
        moment = (start + timedelta(minutes=4 * i)).timestamp()
        for role, words in (("user", text), ("assistant", "Here is a first idea; tell me what to change.")):
            node = hashlib.sha256(f"{title}{i}{role}".encode()).hexdigest()[:12]
            message = {
                "id": node,
                "author": {"role": role, "name": None, "metadata": {}},
                "create_time": moment,
                "content": {"content_type": "text", "parts": [words]},
                "status": "finished_successfully",
                "recipient": "all",
                "metadata": {},
            }
            mapping[node] = {"id": node, "parent": parent, "children": [], "message": message}
            mapping[parent]["children"].append(node)  # type: ignore[index]
            parent = node
    return {
        "id": hashlib.sha256(title.encode()).hexdigest()[:16],
        "title": title,
        "create_time": start.timestamp(),
        "update_time": start.timestamp(),
        "mapping": mapping,
        "current_node": parent,
    }


def main() -> None:
    body = json.dumps([conversation(*entry) for entry in CONVERSATIONS], ensure_ascii=False, indent=1)
    with zipfile.ZipFile(
        Path(__file__).with_name("chatgpt-export.zip"), "w", zipfile.ZIP_DEFLATED
    ) as archive:
        archive.writestr(
            zipfile.ZipInfo("conversations.json", (2025, 9, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED
        )


if __name__ == "__main__":
    main()
