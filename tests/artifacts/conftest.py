"""Tests of artifacts and annotations use the world of conversations."""

from tests.conversations.conftest import contract as contract
from tests.conversations.conftest import world as world
