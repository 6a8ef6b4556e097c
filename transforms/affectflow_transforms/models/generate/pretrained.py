"""Plugins that are answered by a language model in this process."""

from dataclasses import dataclass

from affectflow_transforms.models.generate import loading
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.pretrained.loading import check_extra
from affectflow_transforms.models.pretrained.options import Pretrained
from affectflow_transforms.models.pretrained.source import local_folder


@dataclass(kw_only=True)
class PretrainedGenerator(Pretrained):
    """A language model, from a folder or from the hub."""

    @property
    def looks(self) -> bool:
        """Whether it is shown pictures."""
        return False

    def load_model(self) -> Generator:
        """Returns the model on this worker's device.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
          UsageError: the model cannot be fetched, or generates no text.
        """
        check_extra(loading.WHAT)
        return loading.load(
            local_folder(self.model, self.revision),
            device=self.device,
            dtype=self.dtype,
            max_tokens=self.max_tokens,
            max_batch_tokens=self.max_batch_tokens,
            trust_remote_code=self.trust_remote_code == "allow",
            looks=self.looks,
        )
