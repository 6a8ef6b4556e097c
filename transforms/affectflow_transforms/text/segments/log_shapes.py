"""What logs of any tool look like: a time and a level, frames, pairs, bars.

No tool is named here but where its lines have a shape of their own. What prose shares
with a log is asked for twice: a level behind a time, a frame with its line number.
"""

_TIME = r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_ISO = r"[0-9]{4}[-/.][0-9]{2}[-/.][0-9]{2}"
_DATE = (
    rf"(?:{_ISO}|[0-9]{{1,2}}[-/. ](?:[0-9]{{2}}|{_MONTH})[-/. ][0-9]{{2,4}}"
    rf"|{_MONTH} [ 0-9]?[0-9],? [0-9]{{4}})"
)
LEVEL = (
    r"(?:INFO?|WRN|WARN(?:ING)?|ERR(?:OR)?|DBG|DEBUG|VRB|VERBOSE|FTL|FATAL|TRACE|NOTICE"
    r"|CRIT(?:ICAL)?|SEVERE|ALERT|EMERG|LOG)"
)
_METHOD = r"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"
_NAME = r"[\w$]{1,60}(?:[.:/$][\w$]{1,60})"
_VALUE = r"(?:\"[^\"\n]{0,300}\"|[^\s\"=,;(){}]{1,200})"
_PAIR = rf"[\w.-]{{1,40}}={_VALUE}"
_PLACE = r"[^\s:()]{1,300}:[0-9]{1,7}"
# "It dies at sail.pl line 3." is a sentence.
_NO_SENTENCE = r"(?![^\n]*\b(?:I|it|It|you|You|we|We|my|this|This|that|That)\b)"

LINES = (
    # A time, then a level, a request, a sign, or a class and its method
    rf"\[?(?:[0-9]{{1,7}}:[A-Z] )?{_DATE}[ ,:|T]{{1,3}}{_TIME}"
    rf"(?: ?(?:[+-][0-9]{{4}}|[AP]M))?\]?[ |:-]{{1,3}}"
    rf"(?:[*#.-] |[^\n]{{0,60}}\b{LEVEL}\b|{_NAME}{{1,9}} [\w$<>]{{1,60}}$)",
    rf"\[?{_TIME}[\] |:-]{{1,3}}{LEVEL}\b",
    rf"(?:[^\n]{{0,200}}[ \]])?\"{_METHOD} [^\s\"]{{1,300}} HTTP/[0-9.]{{1,3}}\" [0-9]",
    rf"[\w.-]{{1,40}}[ \t]{{1,20}}\|[ \t]{{1,3}}(?:{_TIME}|{_DATE}|{LEVEL}\b|\[)",
    # A level, then who says it
    rf"{LEVEL}:[\w.-]{{1,80}}:(?=\S)|{LEVEL} {{1,5}}\[?{_NAME}{{2,9}}\]?[ :]",
    rf"{LEVEL}: /?{_PLACE}(?::[0-9]+)?: |{LEVEL}: [A-Z]\w{{1,60}}(?:Error|Exception): ",
    r"\[(?:INF|WRN|ERR|DBG|VRB|FTL|CRITICAL|NOTICE|SEVERE)\]",
    r"\((?:EE|WW|II)\) \S|[EWIDV] \([0-9]{1,10}\) [\w.-]{1,40}: "
    r"|=[A-Z]{4,10} REPORT=+",
    r"[\w./@-]{2,40}\[[0-9]{3,7}\]: ",
    rf"[-=*#>]{{2,3}} ?{_DATE}[ T]{_TIME}",
    # Pairs to the end of the line; a call and its result; a record with a time
    rf"(?:[^\n=]{{0,80}}[ \t])?(?:{_PAIR}[ \t]{{1,3}}){{2,40}}{_PAIR}"
    r"(?: [a-zA-Z%]{1,3})?$",
    r"[a-z_0-9]{2,30}\([^\n]{0,300}\) {1,9}= -?[0-9]{1,19}(?: [A-Z]{3,15} \(|$)",
    rf"\{{\"[^\n]{{1,200}}\"{_ISO}[T ]{_TIME}[^\n]{{0,2000}}\}}$",
    # How far it has come
    r"[0-9]{1,3}%[ ]{0,2}\|[^|\n]{3,100}\||\[ {0,2}[0-9]{1,3}%\] [A-Z]",
    r"\[[=#>. -]{5,100}\] {1,3}[0-9]{1,3}(?:\.[0-9]{1,2})?%",
    r"[^\n\[]{0,40}\[[=#]{2,100}>[ .-]{0,100}\]",
    r"(?:remote: )?[A-Z][\w ]{2,40}: {1,3}[0-9]{1,3}% \([0-9]+/[0-9]",
    r"(?:Step|Stage) [0-9]{1,3}/[0-9]{1,3} : [A-Z]|Epoch [0-9]{1,5}/[0-9]{1,5}$",
    # What is wrong in a file, and where
    rf"{_PLACE}:[0-9]{{1,5}}:? {{1,2}}[A-Z]{{1,4}}[0-9]{{1,5}}\b",
    rf"{_NO_SENTENCE}[^\n]{{1,300}} at [^\s]{{1,200}}\.(?:p[lm]|t|cgi) line [0-9]+\.$",
    r"Error in [^\n]{1,200}\) : |Error using [\w/.>]{1,80} \(line [0-9]+\)",
    rf"[\w./-]{{1,80}}: {_PLACE}: |Fatal error: exception \S"
    r"|[^\n]{0,200}Fatal error: [^\n]{1,300}: file [^\s,]{1,200}, line [0-9]+$",
    # Frames
    r"#[0-9]{1,3} {1,9}[\w.<>$ ]{1,200} \([^\s()]{1,300}:[0-9]+\)$",
    r"[\w./-]{1,80}: [^\n]{1,300}\n(?=CallStack \(from )|CallStack \(from ",
    r"Unhandled exception:$(?=\n[^\n]{1,300}\n#0 )",
    r"(?:Called|Raised|Re-raised) (?:from|at|by) [^\n]{0,60}file \"",
    # What is done, and how it went
    r"(?:TASK|PLAY|PLAY RECAP|RUNNING HANDLER) (?:\[[^\]\n]{1,200}\] ?)?\*{3,}"
    r"|(?:fatal|failed|ok|changed|skipping|unreachable): \[[\w.@-]{1,80}\](?:: | =>|$)",
    rf"Started {_METHOD} \"|Completed [1-5][0-9]{{2}} [A-Z]|Processing by [A-Z]\w+#",
)
"""How lines begin that are of a log by themselves."""

AGAIN = (
    r"\[[0-9]{1,3}\] \S|Stacktrace:$|Calls: \S{1,80} ->|Execution halted$"
    r"|BEGIN failed--|---> \S|Error in process <|\{\w{1,40},[^\n]*\}\.?$"
)
"""How lines begin that go on with one."""

SHOWN = (
    r"[ \t]*(?:Error using [^\n]{1,100}\(line [0-9]+\)|Unhandled exception:)\n"
    r"[^\n]+(?:\n|\Z)"
)
"""A line whose message is on the line below."""

HINT = (
    rf"{LEVEL}[\]: |]|\) += -?[0-9]|\" [1-5][0-9]{{2}}\b|\((?:EE|WW|II)\) "
    r"|[EWIDV] \([0-9]+\) | REPORT==|\[[0-9]{3,7}\]: |=\""
    r"|=[^\s=]+[ \t]+[\w.-]+=[^\s=]+[ \t]+[\w.-]+=\S|%[\]| ]{1,3}[(|A-Z]"
    r"|[=#.-]\] |[=#]>|p[lm] line [0-9]|(?:\.t|cgi) line "
    r"|(?m:^[ \t]*Error (?:in|using) )|(?:Step|Stage|Epoch) [0-9]+/"
    r"|: [^\s:()]+:[0-9]+: |:[0-9]+:? {1,2}[A-Z]{1,4}[0-9]|Fatal error: "
    r"|:[0-9]+\)(?m:$)|CallStack|file \"| \*{3}|: \[[\w.@-]+\](?::| =|(?m:$))"
    rf"|(?:Started {_METHOD}|Processing by) |Completed [1-5]"
)
"""What a text has that has such a line; times are asked elsewhere."""
