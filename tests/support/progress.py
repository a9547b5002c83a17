"""What a long command would show while it works."""

from twoleg.catalogue.progress import Mark


class Marks(list[Mark]):
    """All marks that came, and how often the work was told to have ended."""

    ends = 0

    def moved(self, mark: Mark) -> None:
        self.append(mark)

    def ended(self) -> None:
        self.ends += 1
