"""What tools say in a line or two: shells, git, linkers, databases, packages, tests.

Each pattern has words that no sentence begins with; `fatal: ` alone is none.
"""

_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"

MESSAGES = (
    # Shells, and tools that say who they are: `clang: error: ...`
    r"-?(?:ba|z|k|da|fi)?sh: (?:[0-9]+: )?[^\s:]{1,80}: ",
    r"-?(?:ba|z|k|da|fi)?sh: command not found|ssh: connect to |curl: \([0-9]{1,2}\) ",
    r"[\w./+-]{1,80}: (?:(?:fatal )?error|line [0-9]+): ",
    # git, pip, cargo
    r"fatal: (?:not a git|unable to|[Cc]ould not|couldn't read|refusing to"
    r"|repository '|remote |destination path|Authentication failed"
    r"|bad (?:object|revision)|ambiguous"
    r"|protocol error|pathspec|no (?:such|upstream|url|path)|Not possible to)",
    r"error: (?:pathspec|failed to push|src refspec|RPC failed"
    r"|could not (?:apply|compile)"
    r"|Your local changes|cannot (?:lock|pull|rebase|spawn)|externally-managed"
    r"|subprocess-exited|linking with|metadata-generation|legacy-install)",
    r"ERROR: (?:Could not (?:find|install|build)|No matching distribution"
    r"|Failed building"
    r"|Command errored|Cannot uninstall|pip's dependency)",
    # Packages, containers, services
    r"[EW]: (?:Unable to|Package |Failed to|Could not|The (?:repository|package"
    r"|method) "
    r"|Some index|GPG error|Sub-process|Unmet|Malformed)",
    r"(?:docker: )?Error response from daemon: |docker: Cannot connect"
    r"|Error from server(?: \(\w{1,40}\))?: ",
    r"[●○×] [\w@.\\-]{1,80}\.service - |Loaded: (?:loaded|not-found|masked) \("
    r"|Active: (?:failed|active|inactive|activating) \(|Main PID: [0-9]",
    # Debuggers, tests, builds
    r"(?:Program|Thread [0-9]+ \"[^\"\n]{1,80}\") received signal SIG[A-Z]",
    r"0x[0-9a-f]{6,16} in [\w:~?<>*&]{1,200} ?\(",
    r"(?:FAILED|PASSED|ERROR|SKIPPED|XFAIL) [\w./\\-]{1,200}\.py(?:::| -)",
    r"={3,} (?:short test summary info|test session starts|FAILURES|ERRORS"
    r"|[^\n=]{0,80}\b(?:passed|failed"
    r"|errors?)\b[^\n=]{0,60} in [0-9.]{1,9}s[^\n=]{0,20})"
    r" ={3,}$",
    r"\* (?:What went wrong|Try|Exception is):$|\* Get more help at "
    r"|Execution failed for task '|BUILD FAILED in [0-9]",
    r"(?:warning|error): (?=[^\n]{1,300}\n *--> )",
    r"(?:/[\w./-]{1,80}/)?ld: (?:symbol|library|cannot find|framework|undefined"
    r"|duplicate)"
    r"|undefined reference to [`'\"]|Undefined symbols for architecture",
    r"ERROR in (?:\./|src/|/)|Module not found: |Uncaught \(in promise\)",
    r"Error: (?:Cannot find module '|E[A-Z]{3,12}: |(?:connect|listen|read|write"
    r"|getaddrinfo) E[A-Z]{3,12}|spawn )",
    r"(?:[A-Z]\w{1,60}\.){1,8}\w{1,80}Exception \(0x[0-9A-Fa-f]{8}\): ",
    r"yarn run v[0-9]|error Command failed |rake aborted!$|│ \S|Invariant Violation: ",
    r"Warning: (?=[^\n]{1,300}\n[ \t]+(?:at|in) [A-Z]?\w{1,60}(?: \(|$))",
    # Databases
    r"ORA-[0-9]{5}: |ERROR [0-9]{4} \([0-9A-Z]{5}\)|ERROR:  (?=\S)|SQLSTATE\["
    r"|Msg [0-9]{1,6}, Level [0-9]",
    # Servers
    r"(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|\[IP\]) - [^\s\[]{1,80} \[[0-9]{2}/[A-Z]",
    rf"[IWEF][0-9]{{4}} {_TIME}\.[0-9]{{6}} ",
    r"(?:time|ts|level|lvl)=[^\s=][^\n]{0,300} (?:msg|message|err|error)=",
    r"\{\"(?:level|severity|ts|time|timestamp|@timestamp|log|msg|message)\": ?"
    r"[^\n]{1,2000}\}$",
    r"\([\w.-]{1,60}:[0-9]+\): (?:[\w-]{1,40}-)?(?:CRITICAL|WARNING|ERROR|Message) \*\*"
    r"|\*\* (?:\([^()\n]{1,60}\): )?(?:CRITICAL|WARNING|ERROR|Message) \*\*: ",
)
"""How lines begin that are of a log by themselves."""

BELOW = r"LINE [0-9]{1,6}: |(?:HINT|DETAIL|CONTEXT|STATEMENT):  |\(gdb\) bt$"
"""How lines begin that go on with one."""

SHOWN = (
    r"[ \t]*\* (?:What went wrong|Try|Exception is):\n(?:[^\n]+(?:\n|\Z))+"
    r"|[ \t]*Execution failed for task '[^\n]*\n(?:>[^\n]*(?:\n|\Z))*"
    r"|[ \t]*LINE [0-9]{1,6}: [^\n]*\n[ \t]*\^[ \t]*(?:\n|\Z)"
)
"""Lines whose message is on the lines below."""

HINT = (
    r"yarn run|Command failed |rake aborted|│|Invariant Viol"
    r"|(?m:^[ \t]*ssh: |^[ \t]*-?(?:ba|z|k|da|fi)?sh: |^[ \t]*[EW]: "
    r"|^[ \t]*(?:/[^\s:]+/)?ld: )"
    r"|: line [0-9]|curl: \([0-9]|fatal: |ERROR[ :]|from (?:daemon|server)|\.service - "
    r"|(?:Loaded|Active|Main PID): |received signal|0x[0-9a-f]{6}|\.py(?:::| -)|={3} "
    r"|\* (?:What went|Try:|Exception is|Get more)|Execution failed|BUILD FAILED"
    r"|undefined ref|Undefined symbols|Cannot connect|Module not found|in promise"
    r"|Exception \(0x|ORA-[0-9]|SQLSTATE|Msg [0-9]"
    r"| - [^\s\[]{1,80} \[[0-9]{2}/|[IWEF][0-9]{4} [0-9]{2}:|(?:msg|message|err|error)="
    r"|\{\"(?:level|severity|ts|time|log|msg|message|@)|\*\*: |ERROR\*\*|\) ?\*\*"
    r"|(?:CRITICAL|WARNING|ERROR|Message) \*\*"
)
"""What a text has that has such a line; `error: ` and the like are asked elsewhere."""
