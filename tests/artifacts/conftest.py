"""The world of conversations, for what is said of artifacts and annotations."""

from tests.conversations.conftest import contract as contract
from tests.conversations.conftest import world as world
