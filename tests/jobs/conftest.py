"""The world of conversations, for what is done with one job."""

from tests.conversations.conftest import contract as contract
from tests.conversations.conftest import world as world
