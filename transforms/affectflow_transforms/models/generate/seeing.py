"""Language models that look: pictures, and frames of videos, beside the words."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from affectflow.errors import RowError, UsageError
from affectflow.kinds.asker import Completion, Message, Outcome, Request
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.models.generate.choosing import scores_of
from affectflow_transforms.models.generate.completing import layout_of
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.layout import Ids
from affectflow_transforms.models.generate.rendering import disarmed
from affectflow_transforms.models.generate.writing import greedy, said_of
from affectflow_transforms.models.media import UnreadError, check_clip, clip_of
from affectflow_transforms.vision import pictures, video
from affectflow_transforms.vision.frames import Sampling
from affectflow_transforms.vision.motion_tables import MotionTables


@dataclass(kw_only=True, eq=False)
class Viewer(Generator):
    """A language model that looks.

    Args:
      processor: writes a chat with pictures as the model reads it.
    """

    processor: Any


class Look(NamedTuple):
    """How a model looks at files.

    Attributes:
      sampling: which frames of a video are shown.
      folder: the folder of files that `media` names by a relative path.
      motion: tables with the amount of motion in a video; None measures it.
    """

    sampling: Sampling
    folder: str
    motion: MotionTables | None = None


def answered(
    viewer: Viewer, requests: Sequence[Request], likelihood: str, look: Look
) -> list[Outcome]:
    """Returns an outcome for each request, in order; safe to call from two threads.

    Args:
      viewer: the model.
      requests: any requests; their pictures and videos are in `media`.
      likelihood: as `scores_of` takes it.
      look: how files are read.
    """
    with viewer.lock:
        return [_one(viewer, each, likelihood, look) for each in requests]


def _one(viewer: Viewer, request: Request, likelihood: str, look: Look) -> Outcome:
    try:
        seen = _looked(request, look)
        given = fed(viewer, request.messages, seen.pictures)
    except UnmeasuredError as error:
        return UnreadError(error)
    length = int(given["input_ids"].shape[1])
    room = request.max_new_tokens
    if length + (0 if request.choices else room) > viewer.max_tokens:
        return RowError(
            f"the question has {length} tokens with its pictures, but the model reads "
            f"at most {viewer.max_tokens}: show fewer frames (`frames`)"
        )
    if request.choices:
        return _chosen(viewer, given, request.choices, likelihood, seen.is_cut)
    return _written(viewer, given, room, seen.is_cut)


def _looked(request: Request, look: Look) -> pictures.Seen:
    if not request.media:
        return pictures.Seen([], is_cut=False)
    clip = clip_of(request.media, look.folder)
    check_clip(clip)
    part = video.Stretch(clip.start_s, clip.end_s)
    return pictures.look_at(clip.uri, part, look.sampling, look.motion)


def fed(viewer: Viewer, messages: Sequence[Message], seen: Sequence[Any]) -> Any:
    """Returns what the network is called with: tokens, their mask, and pictures.

    Pictures come before the words of the last message.
    """
    *told, asked = (
        {
            "role": each.role,
            "content": [{"type": "text", "text": disarmed(each.content, viewer.marks)}],
        }
        for each in messages
    )
    asked["content"] = [*({"type": "image"} for _ in seen), *asked["content"]]
    text = viewer.processor.apply_chat_template(
        [*told, asked], tokenize=False, add_generation_prompt=True
    )
    shown = {"images": [list(seen)]} if seen else {}
    given = viewer.processor(text=[text], return_tensors="pt", **shown)
    return given.to(viewer.module.device, dtype=viewer.module.dtype)


def _written(viewer: Viewer, given: Any, longest: int, is_cut: bool) -> Completion:
    import torch

    settings = greedy(viewer, longest)
    with torch.inference_mode():
        whole = viewer.module.generate(**given, generation_config=settings)
    length = given["input_ids"].shape[1]
    ((text, n),) = said_of(viewer, whole[:, length:], settings)
    return Completion(text=text, tokens_in=length, tokens_out=n, truncated=is_cut)


def _chosen(
    viewer: Viewer, given: Any, choices: Sequence[str], likelihood: str, is_cut: bool
) -> Completion:
    layout = layout_of(viewer, choices)
    found = label_likelihoods(viewer, given, layout.labels)
    (scores,) = scores_of(found[None], layout, likelihood)
    best = int(scores.argmax())
    return Completion(
        text=choices[best],
        scores=tuple(scores.tolist()),
        tokens_in=int(given["input_ids"].shape[1]),
        tokens_out=int(layout.n_tokens[best]),
        truncated=is_cut,
    )


def label_likelihoods(
    viewer: Viewer, given: Any, labels: Sequence[Sequence[int]]
) -> np.ndarray:
    """Returns the logarithm of the likelihood of each label behind a question.

    The question and its pictures are read once for all of them.

    Args:
      viewer: the model.
      given: the output of `fed` for one question.
      labels: the tokens of each.
    """
    import torch

    with torch.inference_mode():
        read = viewer.module(**given, use_cache=True)
        first = read.logits[0, -1].double().log_softmax(-1)
        return np.array(
            [
                float(first[label[0]]) + _rest(viewer, given, read, np.array(label))
                for label in labels
            ]
        )


def _rest(viewer: Viewer, given: Any, read: Any, label: Ids) -> float:
    """Returns the logarithm of the likelihood of all tokens but the first."""
    import torch

    if len(label) == 1:
        return 0.0
    tokens = torch.from_numpy(label).to(viewer.module.device)[None]
    mask = torch.ones_like(given["input_ids"][:, :1]).expand(
        -1, given["input_ids"].shape[1] + len(label) - 1
    )
    # Newer versions of transformers call it `cache`.
    name = "cache" if "cache" in viewer.accepts else "past_key_values"
    logits = viewer.module(
        input_ids=tokens[:, :-1],
        attention_mask=mask,
        **{name: copy.deepcopy(read.past_key_values)},
    ).logits[0]
    chances = logits.double().log_softmax(-1)
    return float(chances.gather(1, tokens[0, 1:, None]).sum())


def check_template(processor: Any, folder: Any) -> None:
    """Raises UsageError unless a model says how a chat with pictures is written."""
    if not getattr(processor, "chat_template", None):
        raise UsageError(
            f"{str(folder)!r} has no chat template, so it is unknown where pictures "
            "go: leave `frames` out to ask about texts"
        )
