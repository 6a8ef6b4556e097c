"""What people say when something blocks them, by group; and when nothing does.

Phrases have one to three words, in lower case, as `emotions.ngrams` splits words. They
were written for this model, with everyday English in mind; the weight of each group is
learned.
"""

GROUPS: dict[str, tuple[str, ...]] = {
    "waiting": (
        *("still not", "still no", "still waiting", "still doesn't", "still does not"),
        *("still broken", "still an issue", "still happening", "still open"),
        *("any update", "any updates", "any news", "any progress", "any eta", "bump"),
        *("years later", "months later", "for years", "for months", "for weeks"),
        *("after years", "years now", "months now", "years ago", "in years"),
        *("how long", "how much longer", "how many years", "when will", "over a year"),
        *("been waiting", "been open", "no response", "no reply", "no answer"),
        *("no progress", "nobody cares", "same problem", "same issue", "yet again"),
        *("once again", "again and again", "over and over", "every time"),
        *("every single", "keep getting", "keeps happening", "keep closing"),
    ),
    "waste": (
        *("waste of", "wasted", "wasting", "hours trying", "hours of", "days trying"),
        *("spent hours", "spent days", "spent the", "lost hours", "so much time"),
        *("time on this", "my time", "our time", "for nothing", "fed up", "tired of"),
        *("sick of", "enough of", "had enough", "give up", "giving up", "gave up"),
    ),
    "broken": (
        *("broken", "unusable", "useless", "worthless", "doesn't work", "buggy"),
        *("does not work", "not working", "never works", "nightmare", "mess"),
        *("horrible", "terrible", "awful", "garbage", "crap", "crappy", "trash"),
        *("joke", "disaster", "pathetic", "sucks", "worst", "a pain", "painful"),
        *("unacceptable", "ridiculous", "absurd", "insane", "stupid", "dumb"),
        *("ludicrous", "nonsense", "idiotic", "silly", "moronic", "laughable"),
        *("shame", "shameful", "unbelievable", "unprofessional", "irresponsible"),
        *("annoying", "annoyed", "frustrating", "frustrated", "frustration"),
        *("infuriating", "disappointing", "disappointed", "maddening", "beyond me"),
        *("bullshit", "wtf", "damn", "hell", "fuck", "fucking", "shit", "ffs"),
    ),
    "why": (
        *("why is", "why are", "why does", "why do", "why would", "why can't"),
        *("why not", "why the", "how is", "how can", "how hard", "how come"),
        *("what is the", "what's the point", "what the", "are you serious"),
        *("seriously", "really", "who cares", "come on", "don't understand why"),
        *("no idea why", "no reason", "makes no sense", "make no sense"),
    ),
    "demand": (
        *("please fix", "please just", "just fix", "fix it", "fix this", "stop"),
        *("please stop", "please read", "you need to", "you should", "you must"),
        *("you guys", "needs to be", "should be", "should have", "must be"),
        *("need this", "asap", "immediately", "at least", "do your", "do something"),
        *("read the", "as i said", "i already", "already said", "already told"),
        *("already explained", "told you", "the last time", "listen"),
    ),
    "ignored": (
        *("nobody", "ignored", "ignoring", "ignore", "you don't", "you can't"),
        *("you didn't", "you are not", "you're not", "don't care", "doesn't care"),
        *("refuse", "refused", "refusing", "close this", "closed this", "locked"),
        *("closing this", "no fix", "won't fix", "wontfix", "not a bug"),
        *("forced to", "force us", "forcing", "break", "breaking", "breaks"),
        *("without warning", "without any", "no warning", "instead of"),
        *("rather than", "alternative", "switch to", "moving to", "fork"),
        "downgrade",
    ),
    "calm": (
        *("thanks", "thank you", "thx", "great", "nice", "welcome", "appreciate"),
        *("happy to", "glad", "hope this", "helps", "works for me", "lgtm"),
        *("feel free", "pr welcome", "i think", "maybe", "perhaps", "suggest"),
        *("could you please", "would you", "see also", "fixed in", "merged"),
        "released",
    ),
    "report": (
        *("steps to reproduce", "to reproduce", "reproduction steps", "repro"),
        *("expected behavior", "expected behaviour", "actual behavior", "expected"),
        *("actual behaviour", "expected result", "actual result", "actual results"),
        *("describe the bug", "the bug", "screenshots", "additional context"),
        *("stack trace", "stacktrace", "traceback", "error message", "log output"),
        *("environment", "version", "versions", "operating system", "browser"),
        *("minimal example", "happens when", "i get", "i got", "fails with"),
        *("crashes when", "the following error", "as follows", "attached"),
    ),
}
