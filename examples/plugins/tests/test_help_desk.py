from affectflow.trials.suite import tasks_of


def test_the_tasks_of_the_suite_can_be_read():
    (task,) = tasks_of("help_desk")

    assert (task.data, task.prompt, task.metrics) == (
        "asked.csv",
        "asks_for_help",
        ("f1_macro",),
    )
