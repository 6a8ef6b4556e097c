"""Logs of tools that no rule names, and prose that looks like them, all of our own."""

LOGS = {
    "Julia": "ERROR: UndefVarError: `wheel` not defined\nStacktrace:\n"
    " [1] top-level scope\n   @ REPL[1]:1",
    "R": "Error in sail(x) : object 'x' not found\nCalls: main -> sail\n"
    "Execution halted",
    "Perl": "Can't locate Boat/Hull.pm in @INC at sail.pl line 3.\n"
    "BEGIN failed--compilation aborted at sail.pl line 3.",
    "Haskell": "sail: no wind\nCallStack (from HasCallStack):\n"
    "  error, called at Sail.hs:12:8 in main:Sail",
    "OCaml": 'Fatal error: exception Not_found\nCalled from file "sail.ml", line 12, '
    "characters 4-19",
    "Dart": "Unhandled exception:\nBad state: no wind\n"
    "#0      sail (package:boat/sail.dart:12:5)\n"
    "#1      main (package:boat/main.dart:4:3)",
    "Elixir": "** (MatchError) no match of right hand side value: nil\n"
    "    (boat 0.1.0) lib/sail.ex:12: Sail.up/1",
    "Lua": "lua: sail.lua:3: attempt to index a nil value\nstack traceback:\n"
    "\t[C]: in function 'error'",
    "Swift": "Fatal error: Index out of range: file Swift/Array.swift, line 444",
    "MATLAB": "Error using sail (line 12)\nToo many input arguments.",
    "Serilog": "[10:12:13 INF] Hull is up\n[10:12:14 ERR] No wind",
    "loguru": "2024-02-03 10:12:13.123 | ERROR    | boat.sail:up:12 - no wind",
    "logback": "10:12:13.123 [main] DEBUG b.s.Hull - raised\n"
    "10:12:14.001 [main] WARN  b.s.Hull - no wind",
    "gunicorn": "[2024-02-03 10:12:13 +0000] [77] [INFO] Booting worker with pid: 77",
    "uvicorn": "INFO:     Started server process [7723]\n"
    "INFO:     Waiting for application startup.",
    "python logging": "WARNING:boat.sail:no wind\nERROR:boat.sail:giving up",
    "zap": '2024-02-03T10:12:13.123Z\tERROR\tsail/up.go:12\tno wind\t{"hull": 3}',
    "logrus": 'time="2024-02-03T10:12:13Z" level=warning msg="no wind" hull=3',
    "key and value": "boat=anna speed=3.2 wind=none heading=120\n"
    "boat=bert speed=0.0 wind=none heading=90",
    "Kafka": "[2024-02-03 10:12:13,456] WARN [Producer clientId=p-1] no wind "
    "(org.boats.Sail)",
    "Redis": "7723:M 03 Feb 2024 10:12:13.456 # Can't save in background: fork",
    "Rails": 'Started GET "/boats" for 10.0.0.1 at 2024-02-03 10:12:13 +0000\n'
    "Completed 500 Internal Server Error in 12ms",
    "Django": '[03/Feb/2024 10:12:13] "GET /boats/ HTTP/1.1" 500 145',
    "compose": "web_1  | 10:12:13 boot: starting\ndb_1   | LOG:  database is ready",
    "Ansible": "TASK [boats : raise sail] *********************\n"
    'fatal: [host1]: FAILED! => {"changed": false, "msg": "no wind"}',
    "Bazel": "ERROR: /w/boats/BUILD:12:1: Linking of rule '//boats:sail' failed",
    "CMake build": "[ 45%] Building CXX object sail.o\n"
    "[ 90%] Linking CXX executable sail",
    "tqdm": " 45%|████▌     | 45/100 [00:10<00:12,  4.5it/s]",
    "a bar": "[#########>          ] 47% eta 00:12",
    "git fetch": "remote: Counting objects: 100% (31/31), done.\n"
    "Receiving objects:  47% (15/31)",
    "docker build": "Step 3/10 : RUN make sail\n ---> Running in 0a1b2c3d4e5f",
    "Keras": "Epoch 1/10\n 45/100 [=========>....] - ETA: 12s - loss: 0.3120",
    "flake8": "boats/sail.py:12:80: E501 line too long (91 > 88 characters)\n"
    "boats/sail.py:14:1: F401 'os' imported but unused",
    "syslog without a time": "sshd[7723]: Connection closed by 10.0.0.1 port 22",
    "Xorg": "(EE) Failed to load module: hull\n(WW) no wind",
    "glog of old": "W0203 10:12:13.456789  7723 sail.cc:12] no wind",
    "Java util": "Feb 03, 2024 10:12:13 AM boats.Sail up\nSEVERE: no wind",
    "Unity": "NullReferenceException: Object reference not set\n"
    "  at Sail.Up () [0x00000] in <0a1b2c3d>:0",
    "Erlang": "=ERROR REPORT==== 3-Feb-2024::10:12:13.456 ===\n"
    "Error in process <0.77.0> with exit value:\n{badmatch,nil}",
    "ESP": "E (1234) wifi: no wind\nI (1240) boot: restarting",
}

HELD_OUT = {
    "nginx": "2024/02/03 10:12:13 [error] 77#77: *1 connect() failed while reading",
    "Mongo": '{"t":{"$date":"2024-02-03T10:12:13.456+00:00"},"s":"E","c":"NET"}',
    "Postgres": "2024-02-03 10:12:13.456 UTC [77] ERROR:  no wind",
    "wget": "--2024-02-03 10:12:13--  http://boats.example/sail\n"
    "HTTP request sent, awaiting response... 500 Internal Server Error",
    "ping": "64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.3 ms\n"
    "64 bytes from 10.0.0.1: icmp_seq=2 ttl=64 time=0.4 ms",
    "LaTeX": "! Undefined control sequence.\nl.12 \\sail",
    "sbt": "[error] boats/Sail.scala:12: not found: value wind\n"
    "[error] one error found",
    "Xcode": "/w/boats/Sail.m:12:5: error: use of undeclared identifier 'wind'",
    "strace": 'openat(AT_FDCWD, "/w/sail", O_RDONLY) = -1 ENOENT (No such file)',
    "GHC": "Sail.hs:12:5: error:\n    Variable not in scope: wind",
    "Celery": "[2024-02-03 10:12:13,456: ERROR/MainProcess] Task boats.up raised",
    "journal": "Feb 03 10:12:13 host sailor[77]: no wind",
    "Flutter": "E/flutter ( 7723): [ERROR:flutter/sail.cc(12)] Unhandled",
    "Groovy": "groovy.lang.MissingPropertyException: No such property: wind\n"
    "\tat Sail.run(Sail.groovy:12)",
    "NLog": "2024-02-03 10:12:13.4567|ERROR|Boats.Sail|no wind",
    "curl": "< HTTP/1.1 500 Internal Server Error\n< Content-Type: text/plain",
    "npm": "npm http fetch GET 404 https://boats.example/sail 120ms",
    "Clojure": "Execution error (NullPointerException) at boats.sail/up (sail.clj:12).",
    "Crystal": "Unhandled exception: no wind (Exception)\n  from sail.cr:12:3 in 'up'",
    "cargo": "   Compiling boats v0.1.0 (/w/boats)\nerror: could not compile `boats`",
}
"""Written after the rules, of which half were missed: pairs, calls and records came
then, no rule for a tool."""

PROSE = (
    "At 10:12:13 sharp I gave up, honestly.",
    "10:12 works for me, and 11:00 does too.",
    "Feb 03, 2024 was a bad day for all of us.",
    "On 2024-02-03 we moved to the new host.",
    "2024-02-03 is when this began for me.",
    "Error in the docs : it says three, not four.",
    "Error using the new API, again. I am tired of it.",
    "Fatal error in my thinking, sorry.",
    "Unhandled exceptions are a pain in this code.",
    "Warning: this made me laugh.\nBut not for long.",
    "INFO for all: the meeting moved to noon.",
    "ERROR is the wrong word for that, I think.",
    "[Info needed] Could you tell me your version?",
    "[Solved] It was my own mistake, thanks!",
    "[error] is all I see, and I hate it",
    "speed=3 is fine, wind=4 is not, and I want both.",
    "a=1 and b=2, so c=3, I guess.",
    "x = 3 is what I set.\ny = 4 is what you set.",
    "50% of us love it, 50% hate it.",
    "100% (really all of them) agree with you.",
    "We are at 45% now | and tired",
    "[=====] is how I would draw it, by the way.",
    "Step 3/10 is where I lost my patience.",
    "Step 3: wait. Step 4: cry.",
    "Epoch 1 was fun, epoch 2 was not.",
    "sail.py:12: please rename this, it confuses me.",
    "In sail.pl line 3 you call it twice, why?",
    "It dies at sail.pl line 3, and I have no idea why.",
    "See boats/sail.py:12:80 for what I mean.",
    "hull[12]: why is it null here?",
    "(E) is my favourite option, then (W).",
    "E (for everyone) is a fine rating.",
    "Bob | I do not like it",
    "Completed all of it in a day, so happy!",
    "Started to read the docs, and gave up.",
    "TASK: find out why it is so slow, please.",
    "Stack trace: none, sadly.",
    "Traceback: I walked back through all my steps.",
    "remote: I work from home, so I cannot test it.",
    "I: yes. You: no. Me: sad.\nWe: fed up with it.",
)
