"""What architectures for images ask of their input."""

from prunestudy.errors import StudyError


def need_images(input_shape: tuple[int, ...]) -> None:
    """Make sure that inputs are channels × height × width.

    Raises:
        StudyError: they are not.
    """
    if len(input_shape) != 3:
        shape = "×".join(map(str, input_shape))
        raise StudyError(f"a convolutional network needs images, the data has shape {shape}")
