"""A support call, from its transcript and its sound to a report.

python examples/support_call/support_call.py [FOLDER]

Maya's build fails, and each turn of hers tells it: her words, and how she says them.
The transcript lies beside this file; the sound is made of it by espeak-ng, in voices
that get louder, higher and faster as the script below says. Every cell is a command.
The lake, the recording and the report are left in FOLDER, or in a new temporary one.
"""

# %% What is needed
import shlex
import shutil
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affectflow import cli, open_lake

RATE = 22_050
"""Samples a second that espeak-ng writes."""
VOICES = ("en-gb+m3", "en-us+f3")
"""Of who speaks first, and of who answers."""
STRAIN = (0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 1)
"""How much each turn is strained: 0 is calm."""


def espeak(
    text: str, voice: str, strain: int, speed: int, file: Path
) -> npt.NDArray[np.int16]:
    """Returns a text as sound, of 16 bits."""
    how = ["-a", str(70 + 40 * strain), "-p", str(45 + 12 * strain), "-s", str(speed)]
    command = ["espeak-ng", "-v", voice, *how, "-w", str(file), "--", text]
    subprocess.run(command, check=True, timeout=60)
    with wave.open(str(file)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16)


def speak(lake: str, file: Path) -> None:
    """Writes the recording of a lake's turns, each where its times say."""
    with open_lake(lake) as connection:
        query = (
            "SELECT speaker_id, text, start_s, end_s FROM utterances ORDER BY start_s"
        )
        turns = connection.sql(query).fetchall()
    recording = np.zeros(int(turns[-1][3] * RATE), np.int16)
    voices = dict(zip(dict.fromkeys(turn[0] for turn in turns), VOICES, strict=True))
    for (speaker, text, start, end), strain in zip(turns, STRAIN, strict=True):
        room, speed = int((end - start) * RATE), 160 + 10 * strain
        said = espeak(text, voices[speaker], strain, speed, file)
        if len(said) > room:
            faster = int(speed * len(said) / room) + 10
            said = espeak(text, voices[speaker], strain, faster, file)
        first = int(start * RATE)
        recording[first : first + room][: len(said)] = said[:room]
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", "NONE"))
        sound.writeframes(recording.tobytes())


def quoted(argument: str) -> str:
    """Returns an argument as one would type it: SQL in double quotes."""
    return f'"{argument}"' if "'" in argument else shlex.quote(argument)


def affectflow(*arguments: str) -> None:
    """Runs a command as a terminal would, and shows it."""
    print("\n$ affectflow", *map(quoted, arguments), flush=True)
    if code := cli.run(arguments):
        sys.exit(code)


def main(folder: Path) -> None:
    """Runs all cells in a folder, where the report is left."""
    if not shutil.which("espeak-ng"):
        sys.exit("this example speaks: apt-get install espeak-ng")
    lake, report = str(folder / "lake"), str(folder / "report.html")
    transcript = Path(__file__).with_suffix(".vtt")

    # %% The transcript: who says what, and when
    affectflow("ingest", str(transcript), "--to", lake)

    # %% The sound, which has the name of the transcript, as `media_uri` says
    speak(lake, folder / "support_call.wav")

    # %% How it was said. A voice is biometric: say what for, and where that is used
    study = ("--context", "research", "--purpose", "an example of support calls")
    recordings = f"tracks={folder}/*.wav"
    voice = ("--renderer", "RenderVoice", "--set", recordings)
    affectflow("textualize", lake, *voice, *study)

    # %% What she feels, and because of what. The built-in model reads what is said;
    # with --set cues=words it would read how it was said, too
    affectflow("annotate", lake)
    affectflow("mine", lake)

    # %% Turn by turn
    affectflow("sql", lake, TURNS)
    affectflow("sql", lake, CAUSES)

    # %% The report
    affectflow("report", lake, "--out", report)


TURNS = """
SELECT round(u.start_s)::INT AS s, left(u.text, 40) AS said,
  (SELECT string_agg(phrase, '; ' ORDER BY phrase) FROM cues c
   WHERE c.utterance_id = u.utterance_id AND c.modality = 'voice') AS how,
  (SELECT string_agg(label, ', ' ORDER BY label) FROM annotations a
   WHERE a.utterance_id = u.utterance_id AND a.chosen) AS felt
FROM utterances u ORDER BY u.start_s"""
CAUSES = """
SELECT cause_text AS because, string_agg(label, ', ' ORDER BY label) AS felt
FROM causes GROUP BY cause_text ORDER BY cause_text"""


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        main(Path(tempfile.mkdtemp(prefix="support_call_")))
