"""What people who make software together are moved by: name, and wordings.

A concern counts as one more term of a cause, above its words, so that causes that say
one thing in different words come together. Names are titles: short, plain, readable.
Wordings are regular expressions over lower-case text, matched at word boundaries.
"""

CONCERNS: dict[str, str] = {
    "documentation": r"doc(?:s|ument\w*)?|undocumented|readme|manual|tutorials?|wiki"
    r"|changelog|release notes|guides?|examples? (?:is|are) missing|man pages?",
    "error messages": r"(?:error|warning|log) (?:messages?|text|output)|stack ?traces?"
    r"|cryptic|misleading (?:error|message)s?|error codes?|unhelpful error",
    "unanswered issues": r"no (?:response|answer|reply|reaction|feedback|update)s?"
    r"|(?:still|not|never|nobody|no one|didn't|hasn't) (?:\w+ ){0,2}(?:answer\w*"
    r"|repl\w+|respon\w+|look(?:ed|ing) (?:at|into))|ignor(?:ed|ing|e|es)"
    r"|any (?:update|news)s?|eta|without (?:a |any )?(?:response|answer|reply)|(?:last"
    r"|recent) (?:activity|update|commit)|abandoned|unmaintained|inactive|no activity",
    "waiting for a fix": r"(?:open(?:ed)?|wait(?:ing|ed)?|reported|requested|asked"
    r"|known|broken|filed) (?:\w+ ){0,4}(?:years?|months?|weeks?|decades?)|(?:years?"
    r"|months?|weeks?) (?:later|old|and still|and counting|already)|(?:has|it's"
    r"|have) been (?:\w+ ){0,3}(?:years?|months?|weeks?|days)|(?:not|never|still"
    r"|hasn't|yet to be|wasn't|isn't) (?:yet )?(?:been )?(?:fixed|implemented|resolved"
    r"|addressed|solved|merged|released)|waiting (?:for|on)|long overdue|low priority"
    r"|priorit\w+|how (?:much longer|many (?:more )?years)",
    "issues closed or locked": r"clos(?:e|ed|es|ing) (?:\w+ ){0,3}(?:issues?|tickets?"
    r"|bugs?|pr|thread|reports?|topic)|(?:issues?|tickets?|bugs?|pr|threads?|this"
    r"|it) (?:\w+ ){0,3}closed|wontfix|won't fix|(?:as|a) duplicates?|stale bot|stale"
    r"|lock(?:ed|ing|s)?|reopen\w*|re-open\w*",
    "tone of maintainers and users": r"rude\w*|tone|attitude|hostil\w+|disrespect\w*"
    r"|insult\w*|arrogan\w+|condescend\w*|toxic\w*|code of conduct|civil\w*|yell\w*"
    r"|offens\w+|offended|personal attacks?|attack(?:ing|ed)|passive.aggressive"
    r"|childish|entitle\w*|harass\w*|bully\w*|unprofessional|troll\w*|name.calling"
    r"|politeness|slurs?|hurt|apologi[sz]e to|calm down|language like",
    "pull requests and review": r"pull.?requests?|prs?|code reviews?|review(?:s|ed|er"
    r"|ers|ing)?|merge requests?|merg(?:e|ed|ing)(?! conflict)|nitpick\w*"
    r"|patch(?:es)? (?:was|were|is|rejected)|approv(?:e|ed|al)",
    "merge conflicts and rebasing": r"merge conflicts?|conflicts|rebas\w+"
    r"|cherry.?pick\w*|force.?push\w*|squash\w*",
    "tests": r"tests?|testing|tested|unit.?tests?|test.?suites?|coverage|assertions?",
    "flaky tests": r"flak(?:y|es|iness)|intermittent\w*|random(?:ly)? fail\w*"
    r"|non-?determinis\w+|heisenbug\w*",
    "CI": r"ci|ci/cd|travis|jenkins|github actions|circleci|appveyor|pipelines?"
    r"|build.?bots?|nightly builds?|workflows? fail\w*",
    "builds": r"builds? (?:fail\w*|break\w*|broken|errors?|time\w*)|compil\w+|linker"
    r"|linking|cmake|bazel|gradle|webpack|makefiles?|broke(?:n)? (?:the )?build|builds"
    r"|(?:the|release|debug|clean|my|our|full|cuda|failed) build",
    "installation": r"install\w*|uninstall\w*|set.?up|setup|apt(?:-get)?|pip"
    r"|npm install|homebrew|brew|conda|docker images?|dockerfile",
    "dependencies": r"dependenc\w+|deps?|requirements|transitive|peer.?dep\w*"
    r"|packages?|lock.?file|node_modules|composer(?:\.json)?|package\.json",
    "version mismatch": r"versions? (?:mismatch|conflict|compatib\w+|requirement)\w*"
    r"|incompatib\w+|compatib\w+|(?:wrong|old|older|outdated|bad|different) versions?"
    r"|downgrad\w+|pinned|pinning|version hell|unsupported version",
    "upgrades that break": r"(?:after|since) (?:\w+ ){0,3}(?:updat|upgrad)\w+"
    r"|upgrad\w+|breaking changes?|backwards?.compat\w*|(?:new|latest|last"
    r"|recent) (?:update|release|version)s?|updat(?:e|ed|es|ing) (?:\w+ ){0,2}(?:broke"
    r"|breaks?)|migrat\w+|deprecat\w+|semver|regress\w+|no longer (?:work|support)\w*",
    "slowness": r"slow(?:er|ness|s)?|performan\w+|latency|lags?|laggy|takes? forever"
    r"|time.?outs?|timed out|sluggish|memory (?:usage|leaks?)|leaks?|cpu usage"
    r"|bottleneck|unresponsive|hangs?|hanging|freez\w+|bloat\w*",
    "crashes": r"crash\w*|segfault\w*|segmentation fault|core dump\w*|panics?|oom"
    r"|out of memory|blue screen|kernel panic|null ?pointer\w*|exceptions? thrown",
    "lost data": r"(?:los(?:t|e|es|ing)|delet\w+|wip(?:ed|es)|corrupt\w*"
    r"|overwrit\w+) (?:\w+ ){0,3}(?:data|work|files?|changes|settings|history|progress"
    r"|database|disk)|data loss|corrupt\w+|backups?",
    "security and privacy": r"secur\w+|vulnerab\w+|cve|exploits?|malware|privacy|gdpr"
    r"|telemetry|tracking|passwords?|encrypt\w*|leaked|spyware|phishing|cookies?",
    "login and permissions": r"log.?in|log(?:ged)? (?:in|out)|auth\w*|permissions?"
    r"|tokens?|access denied|credentials?|oauth|ssh keys?|banned|2fa|forbidden",
    "user interface": r"ui|gui|ux|user interface|layout|design|buttons?|menus?|icons?"
    r"|fonts?|colou?rs?|themes?|dark mode|sidebar|toolbar|pop-?ups?|clicks?|scroll\w*"
    r"|redesign|notifications? (?:bar|badge)|screen reader|accessib\w+",
    "unwanted changes and defaults": r"default (?:behaviou?r|setting|value|option)s?"
    r"|by default|defaults?|forc(?:e|ed|es|ing) (?:us|me|users|people|everyone|upon"
    r"|on)|no (?:way|option) to (?:disable|turn off|opt|avoid|change)|opt.?(?:out|in)"
    r"|(?:remov|chang|dropp)(?:ed|ing) (?:\w+ ){0,3}(?:feature|support|option"
    r"|setting)s?",
    "missing features": r"feature.?requests?|(?:missing|lacks?|lacking"
    r"|requested) (?:\w+ ){0,2}(?:features?|functionality|options?|support)|features?"
    r"|no support for|(?:not|isn't|doesn't|don't) (?:\w+ )?support(?:ed)?"
    r"|lack of support",
    "configuration": r"config\w*|settings?|environment variables?|env vars?|yaml"
    r"|flags?|command.?line options?|parameters?",
    "duplicate and invalid reports": r"duplicates?|invalid|not a bug|templates?"
    r"|reproduc\w+|repro|more (?:information|details|info)|bug reports?|off.?topic"
    r"|spam\w*",
    "notifications and noise": r"notifications?|emails?|spam\w*|\+1s?|bots?|noise"
    r"|pinged|pinging|mention(?:ed|ing) me|unsubscrib\w+",
    "types and API": r"apis?|type.?(?:definition|check|safety|error)s?|typings?"
    r"|typescript|endpoints?|abstractions?|generics",
    "code quality": r"spaghetti|tech(?:nical)? debt|hack(?:s|y)?|workarounds?"
    r"|boilerplate|readab\w+|unreadable|over.?engineer\w*|refactor\w*|code (?:quality"
    r"|style|smell)s?|naming|duplicat(?:ed|ion) (?:of )?code|magic numbers?|lint\w*"
    r"|format(?:ting|ter)",
    "complexity": r"complicated|complex(?:ity)?|confus\w+|unintuitive"
    r"|counter.?intuitive|hard to (?:understand|use|read|follow|debug|find|tell)|steep"
    r"|learning curve|overwhelm\w*|cumbersome|convoluted",
    "wasted time": r"wast(?:e|ed|es|ing) (?:\w+ ){0,3}(?:time|hours?|days?|effort"
    r"|energy)|(?:spent|spend|spending|lost) (?:\w+ ){0,4}(?:hours?|days?|weeks?|time"
    r"|nights?)|hours of|waste of time",
    "unpaid work and money": r"free time|spare time|volunt\w+|unpaid|(?:for|is) free"
    r"|donat\w*|sponsor\w*|money|pay(?:ing|s)?|paid|burn(?:ed|t)?.?out|subscription"
    r"|pric(?:e|ing)|commercial",
    "licence and governance": r"licen[cs]\w*|cla|copyright|gpl|trademark|governance"
    r"|steering|vot(?:e|ed|es|ing)|board|corporate|censor\w*",
    "politics in projects": r"politic\w*|war|russia\w*|ukrain\w*|racis\w+|sexis\w+"
    r"|gender|pronouns?|master/slave|slave|blm|protest\w*|diversity|inclusiv\w+|agenda",
    "platform support": r"windows|linux|mac ?os|macos|osx|android|ios|arm|x86|wayland"
    r"|gpu|cuda|drivers?|platforms?|browsers?|chrome|firefox|safari|edge",
    "networking": r"network\w*|connect(?:ion|ions|ivity)|proxy|firewall|dns|ssl|tls"
    r"|certificates?|download\w*|wifi|vpn|offline",
    "help and explanations": r"(?:your|the|for|all) (?:\w+ )?(?:help|assistance"
    r"|guidance|explanations?|clarifications?|insights?|feedback|tips?|advice|answers?"
    r"|suggestions?|pointers?)|explain(?:ing|ed)|clarif\w+|helping"
    r"|pointing (?:\w+ )?out",
    "contributions": r"contribut\w+|good first issues?|(?:great|nice|good|hard|amazing"
    r"|your) (?:\w+ )?work|working on (?:this|it|that)|effort|taking (?:the )?time",
    "releases and fixes": r"releas\w+|(?:quick|fast|the|your) (?:\w+ )?fix|fixing"
    r"|ship(?:ped|ping)|hot.?fix|deploy\w*|rollback|works (?:now|perfectly|great|fine)",
}
