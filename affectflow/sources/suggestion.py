"""A mapping to type, guessed from the names of the fields in a file."""

import re
import shlex
from collections.abc import Iterable, Sequence

# What each column is called in exports and dumps, the likeliest first, without case,
# spaces and signs.
_NAMES = {
    "utterance_id": "id messageid commentid postid msgid tweetid statusid turnid uuid "
    "idstr guid mid pk utteranceid",
    "text": "text body content message comment commenttext messagetext msg tweet "
    "fulltext rawbody utterance sentence post reply description selftext bodytext",
    "conversation_id": "conversationid threadid thread conversation dialogueid "
    "dialogid dialogue issuekey issueid linkid topicid ticketid threadts sessionid",
    "reply_to": "replyto parentid parent inreplyto inreplytoid inreplytostatusid "
    "replytoid replytomessageid parentcommentid",
    "speaker_id": "author user username userid authorid speaker sender login nick "
    "screenname from handle authorname fromname account creator reporter by who",
    "timestamp": "timestamp createdat created createdutc date datetime time ts posted "
    "postedat sentat publishedat when dateposted creationdate",
    "title": "title subject summary headline",
    "speaker_role": "role speakerrole authorrole userrole authorassociation",
    "container": "container channel channelname repo repository subreddit forum board "
    "room mailinglist",
    "visibility": "visibility",
    "url": "url permalink link htmlurl weburl",
}
_NEEDED = ("utterance_id", "text")
# A row of a tracker is an issue, whose one text is its description; comments stand in
# columns of their own, as many as the issue with most of them has.
_ISSUE_IDS = "issuekey ticketkey issueid ticketid bugid caseid workitemid"
_OF_ISSUES = {
    "utterance_id": f"{_ISSUE_IDS} {_NAMES['utterance_id']} key number",
    "text": f"description {_NAMES['text']}",
    "conversation_id": "",
    "reply_to": "",
    "speaker_id": f"reporter creator {_NAMES['speaker_id']}",
}


def suggestion(given: Iterable[tuple[str, str]], present: Sequence[str]) -> str:
    """Returns a whole `--map` for a file.

    The text is the column that holds the one main text of a row: names that several
    columns have come last.

    >>> suggestion([], ["body", "author", "stars"])
    '--map utterance_id=auto,text=body,speaker_id=author'

    Args:
      given: columns that have a field, and the field as it was typed; empty if the
        field has the name of the column.
      present: names of the fields of the file.
    """
    mapped = dict(given)
    taken = {*mapped.values(), *(name for name, typed in mapped.items() if not typed)}
    free = [name for name in present if name not in taken and "," not in name]
    likely = _NAMES | (_OF_ISSUES if _rows_are_issues(free) else {})
    for target, names in likely.items():
        if target not in mapped and (found := _likeliest(names.split(), free)):
            mapped[target] = found
            free.remove(found)
    mapped.setdefault("utterance_id", "auto")
    mapped.setdefault("text", _ends_like_a_text(free) or "FIELD")
    ordered = dict.fromkeys((*_NEEDED, *mapped))
    typed = ",".join(f"{name}={mapped[name]}" for name in ordered if mapped[name])
    # The quotes of a constant stay readable inside double ones.
    plain = "'" in typed and not set(typed) & set('"$`\\')
    return f'--map "{typed}"' if plain else f"--map {shlex.quote(typed)}"


def _rows_are_issues(names: Sequence[str]) -> bool:
    """Returns whether rows are issues of a tracker, not comments on them."""
    bare = [_bare(name) for name in names]
    has_key = not {*_ISSUE_IDS.split()}.isdisjoint(bare)
    several = bare.count("comment") > 1
    return has_key and "commentid" not in bare and ("description" in bare or several)


def _likeliest(names: Sequence[str], free: Sequence[str]) -> str:
    spelled = {_bare(name): name for name in reversed(free)}
    found = [spelled[name] for name in names if name in spelled]
    return min(found, key=lambda name: free.count(name) > 1, default="")


def _ends_like_a_text(free: Sequence[str]) -> str:
    """Returns the only name whose last word is `body`, `text`, ...; else nothing."""
    texts = _NAMES["text"].split()
    found = [name for name in free if re.split(r"[\W_]+", name.lower())[-1] in texts]
    return found[0] if len(found) == 1 else ""


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
