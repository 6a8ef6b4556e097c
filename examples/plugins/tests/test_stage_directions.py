from affectflow.kinds.style import frame_of


def test_voice_and_face_stand_before_the_line():
    frame = frame_of("stage_directions")

    assert list(frame.slots) == ["voice", "face"]
    assert frame.template == "{voice}{face}{text}"
