"""Row 33 of the literature: figures by group, observed and counterfactual."""

import csv
import gzip

import pytest

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures.group_gap import GroupGap
from tests.given.command_line import affectflow
from tests.given.flags import flags
from tests.given.people import add_rows

PEOPLE = 5


def rows_of(part, *answers, people=PEOPLE):
    """Returns rows of one group: truth and flag, each of so many people."""
    return [
        {"part": part, "truth": truth, "chosen": chosen, "speaker": f"{part}{n}"}
        for truth, chosen in answers
        for n in range(people)
    ]


def found(rows, **options):
    measure = GroupGap(**options)
    batch = flags(measure, rows)
    rows = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {(r["unit_id"], r["label"]): r for r in rows if r["unit_type"]}


def values(rows, **options):
    return {key: row["value"] for key, row in found(rows, **options).items()}


NEW = rows_of("new", (True, True), (True, False), (False, True), (False, False))
OLD = rows_of("old", (True, True), (True, True), (False, False), (False, False))
OLD += rows_of("old", (False, True))


@pytest.mark.parametrize(
    ("figure", "new", "old"),
    [
        ("recall", 1 / 2, 1),
        ("precision", 1 / 2, 2 / 3),
        ("false_flag_rate", 1 / 2, 1 / 3),
        ("accuracy", 1 / 2, 4 / 5),
        ("prevalence", 1 / 2, 3 / 5),
    ],
)
def test_figures_of_two_groups_by_hand(figure, new, old):
    told = values([*NEW, *OLD], figure=figure)

    assert told["new", figure] == pytest.approx(new)
    assert told["old", f"{figure} minus the rest"] == pytest.approx(old - new)
    assert told[figure, "gap"] == pytest.approx(abs(new - old))
    assert told[figure, "ratio"] == pytest.approx(min(new, old) / max(new, old))
    assert told[figure, "hidden"] == 0


def test_labels_are_told_apart():
    rows = [{**row, "label": "anger"} for row in NEW + OLD]
    rows += [{**row, "label": "joy", "chosen": row["truth"]} for row in NEW + OLD]

    told = values(rows, figure="accuracy")

    assert told["joy accuracy", "gap"] == 0
    assert told["anger accuracy", "gap"] == pytest.approx(0.3)


def test_a_group_of_few_people_is_not_shown_and_counted():
    few = rows_of("few", (True, False), people=PEOPLE - 1)
    one = rows_of("one", *[(True, False)] * 50, people=1)

    told = found([*NEW, *OLD, *few, *one], figure="recall")

    assert told["recall", "hidden"]["value"] == 2
    for part in ("few", "one"):
        row = told[part, "recall"]
        assert (row["value"], row["n"]) == (None, 0)
        assert row["why"] == "fewer than 5 speakers: not shown"
    assert told["recall", "gap"]["value"] == 0.5  # as without them


def test_people_without_a_name_count_as_one():
    rows = [{**row, "speaker": None} for row in NEW]

    told = values([*rows, *OLD], figure="recall")

    assert told["recall", "hidden"] == 1
    assert told["recall", "gap"] is None


# -- counterfactual rows ---------------------------------------------------------------


def swapped(answer):
    """Returns ten pairs of texts that differ in the profile; `answer` sees both."""
    return [
        {"part": part, "pair": f"p{n}", "value": answer(n, part)}
        for n in range(10)
        for part in ("a", "b")
    ]


def test_a_model_that_ignores_the_profile_has_a_gap_of_exactly_0():
    told = values(swapped(lambda n, part: 0.1 * n), figure="mean")

    assert told["mean", "gap"] == 0
    assert told["mean", "pair_spread"] == 0
    assert told["mean", "ratio"] == 1


def test_the_gap_is_exactly_0_in_whatever_order_the_texts_come():
    rows = swapped(lambda n, part: 0.1 * n)
    for row in rows:  # the same texts, of which no two are a pair
        n = round(10 * row["value"])
        row["pair"] = f"a{n}" if row["part"] == "a" else f"b{9 - n}"
    assert values(rows, figure="mean")["mean", "gap"] == 0


def test_a_planted_offset_is_found_as_it_is():
    told = values(
        swapped(lambda n, part: 0.05 * n + 0.2 * (part == "b")), figure="mean"
    )

    assert told["mean", "gap"] == pytest.approx(0.2, abs=1e-15)
    assert told["mean", "pair_spread"] == pytest.approx(0.2, abs=1e-15)
    assert told["b", "mean minus the rest"] == pytest.approx(0.2, abs=1e-15)


def test_a_pair_flips_where_its_rows_are_told_apart_whichever_way():
    rows = [
        {"part": part, "pair": f"p{n}", "chosen": n < 2 or (n == 2) == (part == "b")}
        for n in range(4)
        for part in ("a", "b")
    ]
    rows += [{"part": "a", "pair": "alone", "chosen": True}]
    rows += [{"part": part, "pair": "p5", "chosen": True} for part in "ab"]

    told = values(rows, figure="prevalence")

    # p2 flips to b and p3 to a: no gap between the groups, and two flips of five.
    assert told["prevalence", "flip_rate"] == pytest.approx(2 / 5)
    assert told["prevalence", "unpaired"] == 1
    assert told["prevalence", "gap"] == pytest.approx(5 / 6 - 4 / 5)


# -- what has no value -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "figure", "whys"),
    [
        pytest.param(
            NEW,
            "recall",
            {("recall", "gap"): "fewer than two groups have a value"},
            id="one group",
        ),
        pytest.param(
            [*rows_of("a", (False, True)), *NEW],
            "recall",
            {
                ("a", "recall"): "nobody in the group has it",
                ("a", "recall minus the rest"): "the group, or the rest, has no value",
                ("recall", "gap"): "fewer than two groups have a value",
            },
            id="nobody has it",
        ),
        pytest.param(
            [*rows_of("a", (True, False)), *rows_of("b", (True, False))],
            "recall",
            {("recall", "ratio"): "the highest is 0, or the lowest below 0"},
            id="nothing is found",
        ),
        pytest.param(
            [row for n in range(101) for row in rows_of(f"g{n}", (True, True))],
            "recall",
            {("recall", "gap"): "more than 100 groups: name a coarser column"},
            id="an id is no group",
        ),
    ],
)
def test_what_is_not_defined_says_why(rows, figure, whys):
    told = found(rows, figure=figure)

    for key, why in whys.items():
        assert (told[key]["value"], told[key]["why"]) == (None, why)
    assert all((row["value"] is None) == bool(row["why"]) for row in told.values())


def test_weights_that_are_no_weights_are_left_out_and_counted():
    odd = [{**NEW[0], "weight": w} for w in (0.0, -1.0, float("nan"))]
    measure = GroupGap()
    batch = flags(measure, [*NEW, *odd])

    state = measure.add(measure.create(), batch)

    assert measure.left_out(state) == {"the weight is not above 0": 3}


def test_cells_that_say_neither_yes_nor_no_are_left_out_and_counted(tmp_path):
    path = tmp_path / "flags.csv"
    lines = [f"new,{truth},{truth},p{n}" for n, truth in enumerate(["1", "no"] * 3)]
    lines += [f"new,{odd},0,q" for odd in ("NaN", "7", "-1")]
    lines += [f"new,1,{odd},q" for odd in ("NaN", "5")]
    path.write_text("\n".join(["part,truth,chosen,speaker", *lines]))

    by_truth = measure_file(str(path), "GroupGap", options={"figure": "recall"})
    of_all = measure_file(str(path), "GroupGap", options={"figure": "prevalence"})

    said = "is not 1 or 0, true or false, yes or no"
    assert by_truth.left_out == {f"truth {said}": 3, f"chosen {said}": 2}
    assert by_truth.observations == 6
    assert of_all.left_out == {f"chosen {said}": 2}


def test_a_column_of_numbers_says_yes_and_no_too(tmp_path):
    path = tmp_path / "flags.csv"
    lines = [f"new,1.0,{n % 2}.0,p{n}" for n in range(6)]
    path.write_text("\n".join(["part,truth,chosen,speaker", *lines]))

    found = measure_file(str(path), "GroupGap", options={"figure": "recall"})

    assert [r["value"] for r in found.rows if r["unit_type"] == "group"] == [0.5]


def test_where_no_speaker_is_known_the_reason_says_so():
    rows = [{**row, "speaker": None} for row in [*NEW, *OLD]]

    told = found(rows, figure="recall")

    for part in ("new", "old"):
        why = told[part, "recall"]["why"]
        assert why == "no speaker is known: map speaker=COLUMN"


def test_texts_of_no_group_are_left_out_with_what_names_the_groups():
    measure = GroupGap()
    state = measure.add(measure.create(), flags(measure, [{**NEW[0], "part": None}]))

    ((reason, n),) = measure.left_out(state).items()

    assert n == 1
    assert "--set across=COLUMN" in reason
    with pytest.raises(UsageError, match="needs the column 'part'"):
        measure.check_columns(["truth", "chosen"])


def test_a_column_that_is_missing_is_named_with_those_there(
    tmp_path, own_configuration
):
    path = tmp_path / "flags.csv"
    path.write_text("sex,flag,who\nf,1,a\n")

    done = affectflow("measure", "GroupGap", path, "--map", "part=sex,chosen=flag")

    assert done.code == 2
    assert "false_flag_rate needs the column 'truth'" in done.err
    assert "sex, flag, who" in done.err
    with pytest.raises(UsageError, match="`across` must be one of source, container"):
        GroupGap(across="speaker_id")


# -- draws -----------------------------------------------------------------------------


def test_draws_of_people_give_intervals_and_hide_no_group_that_was_shown():
    rows = [
        {"part": part, "truth": True, "chosen": n < hits, "speaker": f"{part}{n}",
         "unit": f"{part}{n}"}
        for part, hits in (("new", 3), ("old", 6))
        for n in range(6 if part == "new" else 12)
    ]  # fmt: skip

    row = found(rows, figure="recall", draws=300)["old", "recall"]

    # 12 people, half of them right: a standard error of .144.
    assert row["value"] == 0.5
    assert row["low"] == pytest.approx(0.5 - 1.96 * 0.144, abs=0.1)
    told = found(rows, figure="recall", draws=300)["new", "recall minus the rest"]
    assert told["low"] < 0 < told["high"]


# -- a lake, and real votes ------------------------------------------------------------


def lake_of(folder, *, has_speakers=True):
    """Makes a lake: five newcomers and five maintainers, and what is said of them."""
    uri = Lake.create(str(folder / "lake")).uri
    people = [(role, n) for role in ("newcomer", "maintainer") for n in range(5)]
    ids = {who: f"u:{who[0]}{who[1]}" for who in people}
    add_rows(uri, "utterances", [
        {"utterance_id": ids[role, n], "conversation_id": f"c{n}", "text": "x" * 60,
         "speaker_id": f"{role}{n}" if has_speakers else None, "speaker_role": role,
         "attrs": [("team", "red" if n < 2 else "blue")]}
        for role, n in people
    ])  # fmt: skip
    add_rows(uri, "annotators", [
        {"annotator_id": "person:ann", "kind": "person"},
        {"annotator_id": "model@1", "kind": "model"},
    ])  # fmt: skip
    # Nobody is frustrated; the model flags two newcomers, and none of the others.
    flagged = {ids["newcomer", 0], ids["newcomer", 1]}
    common = {"task": "frustration", "vocabulary": "frustration", "status": "ok"}
    add_rows(uri, "annotations", [
        {**common, "utterance_id": id_, "annotator_id": "person:ann",
         "label": "frustration", "chosen": False, "perspective": "reader"}
        for id_ in ids.values()
    ] + [
        {**common, "utterance_id": id_, "annotator_id": "model@1", "chosen": True,
         "label": "frustration" if id_ in flagged else None,
         "perspective": "writer", "score": 0.9}
        for id_ in ids.values()
    ])  # fmt: skip
    return uri


@pytest.mark.rotated
def test_in_a_lake_false_flags_of_newcomers_and_maintainers_are_compared(
    tmp_path, own_configuration
):
    uri = lake_of(tmp_path)

    told = measure_lake(uri, "GroupGap")
    by_team = measure_lake(uri, "GroupGap", options={"across": "attrs.team"})
    by_length = measure_lake(
        uri, "GroupGap", options={"across": "length", "figure": "prevalence"}
    )

    figures = {(r["unit_id"], r["label"]): r["value"] for r in told.rows}
    name = "frustration false_flag_rate"
    assert figures["newcomer", name] == pytest.approx(2 / 5)
    assert figures["maintainer", name] == 0
    assert figures[name, "gap"] == pytest.approx(2 / 5)
    # Four people of the red team are too few to be shown.
    assert any("red" in line and "not shown" in line for line in by_team.undefined)
    (row,) = [r for r in by_length.rows if r["unit_type"] == "group"]
    assert (row["unit_id"], row["value"]) == (
        "2: 50 to 199 characters",
        pytest.approx(1 / 5),
    )


@pytest.mark.rotated
def test_in_a_lake_without_speakers_conversations_are_counted(
    tmp_path, own_configuration
):
    uri = lake_of(tmp_path, has_speakers=False)

    told = measure_lake(uri, "GroupGap", options={"figure": "prevalence"})

    figures = {(r["unit_id"], r["label"]): r["value"] for r in told.rows}
    assert figures["newcomer", "frustration prevalence"] == pytest.approx(2 / 5)


def test_women_of_crema_d_are_recognised_more_often(shared_data, tmp_path):
    folder = shared_data / "crema_d_votes"
    with (folder / "VideoDemographics.csv").open(encoding="utf-8") as file:
        sex = {row["ActorID"]: row["Sex"] for row in csv.DictReader(file)}
    path = tmp_path / "clips.csv"
    channels = ("voice", "face", "both")
    votes = folder / "tabulatedVotes.csv.gz"
    with gzip.open(votes, "rt", encoding="utf-8") as file, path.open("w") as out:
        writer = csv.writer(out)
        writer.writerow(["channel", "part", "speaker", "truth", "chosen"])
        for row in csv.DictReader(file):
            actor, _, intended, *_ = row["fileName"].split("_")
            channel = channels[int(row["row"]) // 100_000 - 1]
            right = row["emoVote"] == intended[0]
            writer.writerow([channel, sex[actor], actor, True, right])

    told = measure_file(
        str(path), "GroupGap", options={"figure": "accuracy"}, by="channel"
    )

    values = {
        (r["group"], r["unit_id"]): r["value"]
        for r in told.rows
        if r["unit_type"] == "group" and r["label"] == "accuracy"
    }
    expected = {
        "voice": (0.448, 0.373),
        "face": (0.704, 0.617),
        "both": (0.761, 0.677),
    }
    for channel, rates in expected.items():
        there = [values[channel, each] for each in ("Female", "Male")]
        assert there == pytest.approx(rates, abs=6e-4)
