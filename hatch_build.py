"""What hatchling does before it packs: write the stubs of the rulebook, as `autograd.stub` has it.

An editable installation gets them too, in the checkout.
"""

import subprocess
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WriteStubs(BuildHookInterface):
    """Runs once for each wheel or source distribution that is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run the generator in a Python of its own, which finds the packages in the checkout."""
        command = [sys.executable, "-B", "-m", "autograd.stub"]
        subprocess.run(command, cwd=self.root, check=True)
