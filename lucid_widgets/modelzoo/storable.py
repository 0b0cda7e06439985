"""What makes a model a file, and a file a model: `Storable`.

The work is done in `lucid_widgets.modelzoo.saving` and `suggesting`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lucid_widgets.modelzoo.vision_base import Model


class Storable:
    """Lucid's three functions on files, as static methods of `Model`."""

    @staticmethod
    def save(
        save_url: Any, network: Any = None, *args: Any, **settings: Any
    ) -> dict[str, Any]:
        """Save a network as one file that says all that is needed to load it.

        Names of layers that a GraphDef cannot hold are changed (``conv/call:1`` becomes
        ``conv/call_1``).

        Args:
            save_url: a name that ends in ``.pb``.
            network: a `Model` (edited ones too), a Keras model, or a function of a batch
                of images in the network's own value range (a `tf.function`).
            *args: ``input_name, output_names, image_shape, image_value_range``, in Lucid's
                order.
            **settings: the same by name (``output_names``: layers, and operations of a
                function, that must be in the file; ``image_value_range``: needed unless it
                is known), ``is_BGR`` and ``labels``.

        Returns:
            What was written into the file about the model.

        Raises:
            SaveError: the name does not end in ``.pb``.
            ModelError: the network cannot be saved, or something must be given.
            UntrustedModelError: it has operations that would not be loaded again.

        Example:
            >>> Model.save("my.pb", keras_model, image_value_range=(-1, 1))  # doctest: +SKIP
            >>> model = Model.load("my.pb", trust=True)  # doctest: +SKIP
        """
        from lucid_widgets.modelzoo.saving import save_model

        return save_model(save_url, network, *args, **settings)

    @staticmethod
    def load(save_url: Any, *, trust: bool = False, **settings: Any) -> Model:
        """Return the model in a file written by `save`, by Lucid, or any other model file.

        Args:
            save_url: see `from_file`; or one of Lucid's manifests (``.json``), whose files
                must stand beside it.
            trust: must be True for GraphDefs and SavedModels, which are programs.
            **settings: take the place of what the file says.

        Raises:
            ModelError: the file cannot be used, or does not say enough.
            UntrustedModelError: `trust` is needed, or the file does too much.
        """
        from lucid_widgets.modelzoo.saving import load_model

        return load_model(save_url, trust=trust, **settings)

    @staticmethod
    def suggest_save_args(network: Any) -> dict[str, Any]:
        """Return what to give to `save` for a network, as far as it can be found out.

        Args:
            network: a Keras model, a function of images, or a GraphDef (or its file).

        Returns:
            A dictionary of ``input_name``, ``image_shape``, ``output_names`` and
            ``image_value_range``; None where you have to know. A notebook shows it as the
            call of `save` to be completed.
        """
        from lucid_widgets.modelzoo.suggesting import suggest_save_args

        return suggest_save_args(network)
