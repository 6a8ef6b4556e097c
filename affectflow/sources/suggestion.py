"""A mapping to type, guessed from the names of the fields that are there."""

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
    "screenname from handle authorname fromname account creator by who",
    "timestamp": "timestamp createdat created createdutc date datetime time ts posted "
    "postedat sentat publishedat when dateposted creationdate",
    "title": "title subject summary headline",
}
_NEEDED = ("utterance_id", "text")


def suggestion(given: Iterable[tuple[str, str]], present: Sequence[str]) -> str:
    """Returns a whole `--map` for a file.

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
    for target, names in _NAMES.items():
        if target not in mapped and (found := _likeliest(names.split(), free)):
            mapped[target] = found
            free.remove(found)
    mapped.setdefault("utterance_id", "auto")
    mapped.setdefault("text", "FIELD")
    ordered = dict.fromkeys((*_NEEDED, *mapped))
    typed = ",".join(f"{name}={mapped[name]}" for name in ordered if mapped[name])
    # The quotes of a constant stay readable inside double ones.
    plain = "'" in typed and not set(typed) & set('"$`\\')
    return f'--map "{typed}"' if plain else f"--map {shlex.quote(typed)}"


def _likeliest(names: Sequence[str], free: Sequence[str]) -> str:
    spelled = {_bare(name): name for name in reversed(free)}
    return next((spelled[name] for name in names if name in spelled), "")


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
