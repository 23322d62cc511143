"""Words that say how sure a speaker is, in five levels, and what each level is worth.

The order of the levels is the one that studies of estimative words agree on (Kent (1964), "Words of Estimative Probability").
Their worth, and part of the words, were set with the rated sentences of `papers/thinkingoutloud` in view: what the word list
scores on those sentences is not a held-out number.
"""

from __future__ import annotations

import re

# What a reader takes a sentence to be worth whose most doubtful words are of that level.
LEVELS = {"no answer": 0.02, "doubt": 0.17, "tentative": 0.37, "likely": 0.7, "plain": 0.9, "certain": 0.97}
_ALMOST = "".join(
    rf"(?<!{word} )" for word in ("almost", "fairly", "pretty", "quite", "nearly", "reasonably")
)
_WORDS = {  # in this order: the first level found is the sentence's
    "doubt": (
        r"\b(?:not|n't|never|hardly|far from) (?:\w+ ){0,2}?(?:sure|certain|confident|positive|convinced|know)\b",
        r"\bunsure|\buncertain|\bunlikely|\bdoubt(?:ful|ing)|hesita(?:nt|te)|\bshaky|\bon the fence|\bstruggl",
        r"n't (?:\w+ )?(?:quote|swear|bet|vouch|rely)|\b(?:low|little|no|limited) (?:\w+ )?confidence",
        r"\b(?:faint|vague|hazy|wild|blind|pure|random|complete)\w* (?:\w+ )?(?:idea|memory|recollection|guess|recall|remember)",
        r"\b(?:just|really|only|merely|pretty much|basically) (?:\w+ )?guess",
        r"\bin the dark|\blong shot|\bgrasping|\bstab\b|\bgrain of salt",
        r"\bca(?:n't|nnot) (?:\w+ ){0,2}?(?:say|be|confirm|verify|rule|guarantee|promise|vouch)",
    ),
    "tentative": (
        r"\bmight\b|\bmay\b(?! \d)|\bcould\b|\bpossib|\bperhaps\b|\bmaybe\b|\btentative|\bguess|\bconceivabl|\bplausibl",
        r"\bunclear|\bhunch|\bbe (?:wrong|mistaken|off)\b|\bverify|\blean(?:s|ing)?\b|\bcorrect me|\boff the top|\bhazy|\bvague",
        r"\bsome (?:sources|recollection|memory)|\bpotentially|\brumou?r|\bcheck to confirm|\bif i (?:had|have) to|\bwonder",
        r"\bsuspect|\b(?:a|some) chance\b|\bimpression\b|\bfeeling\b|\bnot (?:\w+ )?(?:definitive|100 ?%)|\bcomes to mind",
        r"\bsomewhat\b|\binclined\b|\bi would (?:suggest|say|try)|\bseem to (?:remember|recall)",
    ),
    "certain": (
        _ALMOST + r"\b(?:certainly|definit|undoubted|unequivocal|conclusive|undeniabl|indisputabl|unquestionabl|absolute)",
        r"\bcomplete(?:ly)? (?:sure|certain|confident)|\bi(?:'m| am) (?:certain|sure|positive|confident)\b|\bcan confidently",
        r"\bwithout (?:a |any )?(?:shadow of a )?(?:doubt|question|hesitation)|\bno (?:doubt|question|hesitation)",
        r"\b(?:known|established|verified|proven|it'?s a|is a) fact\b|\b100 ?%|\bof course\b|\bknow for\b|\brest assured",
        r"\bwith (?:absolute |complete |full |total )?(?:certainty|confidence)|\bthe (?:correct|right) (?:answer|information)",
        r"\b(?:is|it's) (?:very |perfectly )?clear\b",
    ),
    "likely": (
        r"\bseem|\bappear|\bsuggest|\bbelieve|\bthink\b|\bthought\b|\blikely\b|\bprobabl|\brecall|\bremember|\bmemory\b",
        r"\bunderstand|\bindicat|\bpoint(?:s|ing)?\b|\brecords?\b|\bsources?\b|\baccording|\baccounts?\b|\bmy knowledge\b",
        r"\bi know\b|\baware\b|\bmistaken\b|\bdouble-check|\bexpect|\bassum|\bpresum|\binform|\bevidence\b|\bsigns\b",
        r"\b(?:fairly|pretty|reasonably|quite|relatively|rather|mostly|largely|generally|typically|almost|nearly|virtually|usually)\b",
        r"\bgather|\breport(?:s|ed|edly)\b|\bapparent|\btend\b|\bsuppos|\bbet\b|\bfeel\b|\bfigure\b|\bshould be\b",
        r"\bgood chance|\bodds\b|\bconsensus\b|\bconfiden|\bcertain|\bpositive\b|\bi'd say\b",
    ),
}  # fmt: skip
CUES = {name: re.compile("|".join(patterns), re.IGNORECASE) for name, patterns in _WORDS.items()}


def plain(text: str) -> str:
    """Return the text with straight apostrophes, which the word lists are written with."""
    return text.replace("’", "'").replace("‘", "'")


def is_cue(word: str) -> bool:
    """Whether a word alone says how sure the speaker is."""
    return any(pattern.search(word) for pattern in CUES.values())
