"""The conversation world, for commands about one job."""

from tests.conversations.conftest import contract as contract
from tests.conversations.conftest import world as world
