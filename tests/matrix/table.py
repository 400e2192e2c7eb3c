"""The rights as a table: a row per operation, a column per kind of person, and the outcome to expect.

`allow`: it is done, once. `refuse`: nothing happens, and the person is told why and who can help.
`ask`: it waits on a card for approvals. `none`: there is no such thing to act on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PEOPLE = ("stranger", "guest", "member", "ungranted", "granted", "approver", "admin")
DEFAULT = """
operation           stranger  guest   member  ungranted  granted  approver  admin
agent list          refuse    refuse  allow   allow      allow    allow     allow
agent pause         refuse    refuse  refuse  refuse     refuse   refuse    allow
agent resume        refuse    refuse  refuse  refuse     refuse   refuse    allow
agent stop          refuse    refuse  refuse  refuse     refuse   refuse    allow
agent unwatch       refuse    refuse  allow   allow      allow    allow     allow
agent view          refuse    refuse  allow   allow      allow    allow     allow
agent watch         refuse    refuse  allow   allow      allow    allow     allow
agent watches       refuse    refuse  allow   allow      allow    allow     allow
alias               refuse    refuse  allow   allow      allow    allow     allow
artifacts download  refuse    refuse  allow   allow      allow    allow     allow
artifacts list      refuse    refuse  allow   allow      allow    allow     allow
audit               refuse    refuse  refuse  refuse     refuse   refuse    allow
build annotate      refuse    refuse  allow   allow      allow    allow     allow
build annotations   refuse    refuse  allow   allow      allow    allow     allow
build artifacts     refuse    refuse  allow   allow      allow    allow     allow
build cancel        refuse    refuse  allow   allow      allow    allow     allow
build create        refuse    refuse  allow   allow      allow    allow     allow
build list          refuse    refuse  allow   allow      allow    allow     allow
build mute          refuse    refuse  allow   allow      allow    allow     allow
build rebuild       refuse    refuse  allow   allow      allow    allow     allow
build retry         refuse    refuse  allow   allow      allow    allow     allow
build view          refuse    refuse  allow   allow      allow    allow     allow
build watch         refuse    refuse  allow   allow      allow    allow     allow
can                 refuse    refuse  allow   allow      allow    allow     allow
channel broadcast   refuse    refuse  allow   allow      allow    allow     allow
channel updates     refuse    refuse  allow   allow      allow    allow     allow
cluster list        refuse    refuse  allow   allow      allow    allow     allow
cluster view        refuse    refuse  allow   allow      allow    allow     allow
connect             refuse    refuse  allow   allow      allow    allow     allow
default             refuse    refuse  allow   allow      allow    allow     allow
disconnect          refuse    refuse  allow   allow      allow    allow     allow
emoji list          refuse    refuse  allow   allow      allow    allow     allow
health              refuse    refuse  allow   allow      allow    allow     allow
help                refuse    refuse  allow   allow      allow    allow     allow
job cancel          refuse    refuse  allow   allow      allow    allow     allow
job env             refuse    refuse  allow   allow      allow    allow     allow
job list            refuse    refuse  allow   allow      allow    allow     allow
job log             refuse    refuse  allow   allow      allow    allow     allow
job reprioritize    refuse    refuse  allow   allow      allow    allow     allow
job retry           refuse    refuse  allow   allow      allow    allow     allow
job unblock         refuse    refuse  allow   allow      allow    allow     allow
lock                refuse    refuse  allow   allow      allow    allow     allow
locks               refuse    refuse  allow   allow      allow    allow     allow
meta                refuse    refuse  allow   allow      allow    allow     allow
metrics             refuse    refuse  allow   allow      allow    allow     allow
mute                refuse    refuse  allow   allow      allow    allow     allow
notify              refuse    refuse  allow   allow      allow    allow     allow
organization list   refuse    refuse  allow   allow      allow    allow     allow
organization view   refuse    refuse  allow   allow      allow    allow     allow
pipeline archive    refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline copy       refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline create     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline delete     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline list       refuse    refuse  allow   allow      allow    allow     allow
pipeline unarchive  refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline update     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline view       refuse    refuse  allow   allow      allow    allow     allow
pipeline webhook    refuse    refuse  refuse  refuse     refuse   refuse    allow
proposal approve    refuse    refuse  none    none       none     none      none
proposal refuse     refuse    refuse  none    none       none     none      none
proposal withdraw   refuse    refuse  none    none       none     none      none
queue list          refuse    refuse  allow   allow      allow    allow     allow
queue pause         refuse    refuse  refuse  refuse     refuse   refuse    allow
queue resume        refuse    refuse  refuse  refuse     refuse   refuse    allow
queue view          refuse    refuse  allow   allow      allow    allow     allow
readonly            refuse    refuse  refuse  refuse     refuse   refuse    allow
rule list           refuse    refuse  allow   allow      allow    allow     allow
service add         refuse    refuse  refuse  refuse     refuse   refuse    allow
service list        refuse    refuse  refuse  refuse     refuse   refuse    allow
service remove      refuse    refuse  refuse  refuse     refuse   refuse    allow
stacks              refuse    refuse  allow   allow      allow    allow     allow
status              refuse    refuse  allow   allow      allow    allow     allow
subscribe           refuse    refuse  allow   allow      allow    allow     allow
subscriptions       refuse    refuse  allow   allow      allow    allow     allow
team list           refuse    refuse  allow   allow      allow    allow     allow
template list       refuse    refuse  allow   allow      allow    allow     allow
token               refuse    refuse  allow   allow      allow    allow     allow
token list          refuse    refuse  refuse  refuse     refuse   refuse    allow
unalias             refuse    refuse  allow   allow      allow    allow     allow
unlock              refuse    refuse  allow   allow      allow    allow     allow
unmute              refuse    refuse  allow   allow      allow    allow     allow
unsubscribe         refuse    refuse  allow   allow      allow    allow     allow
user                refuse    refuse  allow   allow      allow    allow     allow
whoami              refuse    refuse  allow   allow      allow    allow     allow
"""
"""Without a policy file: on any pipeline."""
POLICY = """
operation           stranger  guest   member  ungranted  granted  approver  admin
agent list          refuse    refuse  allow   refuse     refuse   allow     allow
agent pause         refuse    refuse  refuse  refuse     refuse   refuse    allow
agent resume        refuse    refuse  refuse  refuse     refuse   refuse    allow
agent stop          refuse    refuse  refuse  refuse     refuse   refuse    allow
agent unwatch       refuse    refuse  allow   refuse     refuse   allow     allow
agent view          refuse    refuse  allow   refuse     refuse   allow     allow
agent watch         refuse    refuse  allow   refuse     refuse   allow     allow
agent watches       refuse    refuse  allow   refuse     refuse   allow     allow
alias               refuse    refuse  allow   refuse     allow    allow     allow
artifacts download  refuse    refuse  allow   refuse     refuse   refuse    allow
artifacts list      refuse    refuse  allow   refuse     refuse   refuse    allow
audit               refuse    refuse  refuse  refuse     refuse   refuse    allow
build annotate      refuse    refuse  allow   refuse     refuse   refuse    allow
build annotations   refuse    refuse  allow   refuse     refuse   allow     allow
build artifacts     refuse    refuse  allow   refuse     refuse   refuse    allow
build cancel        refuse    refuse  allow   refuse     refuse   refuse    allow
build create        refuse    refuse  allow   refuse     refuse   refuse    allow
build list          refuse    refuse  allow   refuse     refuse   allow     allow
build mute          refuse    refuse  allow   refuse     refuse   allow     allow
build rebuild       refuse    refuse  allow   refuse     refuse   refuse    allow
build retry         refuse    refuse  allow   refuse     refuse   refuse    allow
build view          refuse    refuse  allow   refuse     refuse   allow     allow
build watch         refuse    refuse  allow   refuse     refuse   allow     allow
can                 refuse    refuse  allow   refuse     allow    allow     allow
channel broadcast   refuse    refuse  allow   refuse     allow    allow     allow
channel updates     refuse    refuse  allow   refuse     allow    allow     allow
cluster list        refuse    refuse  allow   refuse     refuse   allow     allow
cluster view        refuse    refuse  allow   refuse     refuse   allow     allow
connect             refuse    refuse  allow   refuse     allow    allow     allow
default             refuse    refuse  allow   refuse     refuse   allow     allow
disconnect          refuse    refuse  allow   refuse     allow    allow     allow
emoji list          refuse    refuse  allow   refuse     refuse   allow     allow
health              refuse    refuse  allow   refuse     refuse   allow     allow
help                refuse    refuse  allow   refuse     allow    allow     allow
job cancel          refuse    refuse  allow   refuse     refuse   refuse    allow
job env             refuse    refuse  refuse  refuse     refuse   refuse    allow
job list            refuse    refuse  allow   refuse     refuse   allow     allow
job log             refuse    refuse  allow   refuse     refuse   allow     allow
job reprioritize    refuse    refuse  allow   refuse     refuse   refuse    allow
job retry           refuse    refuse  allow   refuse     refuse   refuse    allow
job unblock         refuse    refuse  allow   refuse     refuse   refuse    allow
lock                refuse    refuse  allow   refuse     refuse   refuse    allow
locks               refuse    refuse  allow   refuse     refuse   allow     allow
meta                refuse    refuse  allow   refuse     refuse   allow     allow
metrics             refuse    refuse  allow   refuse     refuse   allow     allow
mute                refuse    refuse  allow   refuse     allow    allow     allow
notify              refuse    refuse  allow   refuse     allow    allow     allow
organization list   refuse    refuse  allow   refuse     refuse   allow     allow
organization view   refuse    refuse  allow   refuse     refuse   allow     allow
pipeline archive    refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline copy       refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline create     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline delete     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline list       refuse    refuse  allow   refuse     allow    allow     allow
pipeline unarchive  refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline update     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline view       refuse    refuse  allow   refuse     refuse   allow     allow
pipeline webhook    refuse    refuse  refuse  refuse     refuse   refuse    allow
proposal approve    refuse    refuse  refuse  refuse     refuse   allow     refuse
proposal refuse     refuse    refuse  refuse  refuse     refuse   allow     refuse
proposal withdraw   refuse    refuse  refuse  refuse     allow    refuse    allow
queue list          refuse    refuse  allow   refuse     refuse   allow     allow
queue pause         refuse    refuse  refuse  refuse     refuse   refuse    allow
queue resume        refuse    refuse  refuse  refuse     refuse   refuse    allow
queue view          refuse    refuse  allow   refuse     refuse   allow     allow
readonly            refuse    refuse  refuse  refuse     refuse   refuse    allow
rule list           refuse    refuse  allow   refuse     refuse   allow     allow
service add         refuse    refuse  refuse  refuse     refuse   refuse    allow
service list        refuse    refuse  refuse  refuse     refuse   refuse    allow
service remove      refuse    refuse  refuse  refuse     refuse   refuse    allow
stacks              refuse    refuse  allow   refuse     refuse   allow     allow
status              refuse    refuse  allow   refuse     refuse   allow     allow
subscribe           refuse    refuse  allow   refuse     refuse   allow     allow
subscriptions       refuse    refuse  allow   refuse     allow    allow     allow
team list           refuse    refuse  allow   refuse     refuse   allow     allow
template list       refuse    refuse  allow   refuse     refuse   allow     allow
token               refuse    refuse  allow   refuse     refuse   allow     allow
token list          refuse    refuse  refuse  refuse     refuse   refuse    allow
unalias             refuse    refuse  allow   refuse     allow    allow     allow
unlock              refuse    refuse  allow   refuse     refuse   refuse    allow
unmute              refuse    refuse  allow   refuse     allow    allow     allow
unsubscribe         refuse    refuse  allow   refuse     refuse   allow     allow
user                refuse    refuse  allow   refuse     refuse   allow     allow
whoami              refuse    refuse  allow   refuse     allow    allow     allow
"""
"""With the policy of `cast.py`: on the shop, which members may build; `granted` asked for the proposals."""
PROTECTED = """
operation           stranger  guest   member  ungranted  granted  approver  admin
artifacts download  refuse    refuse  allow   refuse     refuse   refuse    allow
artifacts list      refuse    refuse  allow   refuse     refuse   refuse    allow
audit               refuse    refuse  refuse  refuse     refuse   refuse    allow
build annotate      refuse    refuse  refuse  refuse     allow    refuse    allow
build annotations   refuse    refuse  allow   refuse     allow    allow     allow
build artifacts     refuse    refuse  allow   refuse     refuse   refuse    allow
build cancel        refuse    refuse  refuse  refuse     allow    refuse    allow
build create        refuse    refuse  refuse  refuse     ask      refuse    ask
build list          refuse    refuse  allow   refuse     allow    allow     allow
build mute          refuse    refuse  allow   refuse     allow    allow     allow
build rebuild       refuse    refuse  refuse  refuse     ask      refuse    ask
build retry         refuse    refuse  refuse  refuse     ask      refuse    ask
build view          refuse    refuse  allow   refuse     allow    allow     allow
build watch         refuse    refuse  allow   refuse     allow    allow     allow
default             refuse    refuse  allow   refuse     allow    allow     allow
job cancel          refuse    refuse  refuse  refuse     allow    refuse    allow
job env             refuse    refuse  refuse  refuse     refuse   refuse    allow
job list            refuse    refuse  allow   refuse     allow    allow     allow
job log             refuse    refuse  allow   refuse     allow    allow     allow
job reprioritize    refuse    refuse  refuse  refuse     allow    refuse    allow
job retry           refuse    refuse  refuse  refuse     ask      refuse    ask
job unblock         refuse    refuse  refuse  refuse     ask      refuse    ask
lock                refuse    refuse  refuse  refuse     allow    refuse    allow
locks               refuse    refuse  allow   refuse     allow    allow     allow
pipeline archive    refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline copy       refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline create     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline delete     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline unarchive  refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline update     refuse    refuse  refuse  refuse     refuse   refuse    allow
pipeline view       refuse    refuse  allow   refuse     allow    allow     allow
pipeline webhook    refuse    refuse  refuse  refuse     refuse   refuse    allow
subscribe           refuse    refuse  allow   refuse     allow    allow     allow
unlock              refuse    refuse  refuse  refuse     allow    refuse    allow
unsubscribe         refuse    refuse  allow   refuse     allow    allow     allow
"""
"""With that policy: on the production pipeline, which `granted` and `admin` may build once others approve."""
SURFACES = """
operation           words  everybody's  one's own      form
agent list          typed  -            -              -
agent pause         typed  -            agent          typed
agent resume        typed  answer       agent          -
agent stop          typed  -            agent          -
agent unwatch       typed  -            -              -
agent view          typed  -            -              -
agent watch         typed  -            -              -
agent watches       typed  -            -              -
alias               typed  -            -              -
artifacts download  typed  -            artifacts      -
artifacts list      typed  -            -              -
audit               typed  -            -              -
build annotate      typed  -            form           typed
build annotations   typed  -            build          -
build artifacts     typed  -            build          -
build cancel        typed  card         question       -
build create        typed  -            form           typed
build list          typed  -            -              -
build mute          typed  -            -              -
build rebuild       typed  card         build          -
build retry         typed  card         build          -
build view          typed  -            -              -
build watch         typed  -            build          -
can                 typed  -            -              -
channel broadcast   typed  -            -              -
channel updates     typed  -            -              -
cluster list        typed  -            -              -
cluster view        typed  -            -              -
connect             -      -            form           typed
default             typed  -            -              -
disconnect          typed  -            -              -
emoji list          typed  -            -              -
health              typed  -            health         -
help                typed  -            -              -
job cancel          typed  -            job question   -
job env             typed  -            -              -
job list            typed  -            -              -
job log             typed  card         build          -
job reprioritize    typed  -            -              -
job retry           typed  -            jobs           -
job unblock         typed  -            build          card
lock                typed  -            form           typed
locks               typed  -            -              -
meta                typed  -            -              -
metrics             typed  -            -              -
mute                typed  -            subscriptions  -
notify              typed  -            -              -
organization list   typed  -            -              -
organization view   typed  -            -              -
pipeline archive    typed  -            -              -
pipeline copy       typed  -            form           typed
pipeline create     typed  -            form           typed
pipeline delete     typed  -            -              -
pipeline list       typed  -            -              -
pipeline unarchive  typed  answer       -              -
pipeline update     typed  -            form           typed
pipeline view       typed  -            pipeline       -
pipeline webhook    typed  -            -              -
proposal approve    typed  proposal     -              -
proposal refuse     typed  proposal     -              -
proposal withdraw   typed  proposal     -              -
queue list          typed  -            -              -
queue pause         typed  -            form           typed
queue resume        typed  answer       -              -
queue view          typed  -            -              -
readonly            typed  -            -              -
rule list           typed  -            -              -
service add         typed  -            services       -
service list        typed  -            -              -
service remove      typed  -            -              -
stacks              typed  -            -              -
status              typed  -            -              -
subscribe           typed  -            form           asks
subscriptions       typed  -            -              -
team list           typed  -            -              -
template list       typed  -            -              -
token               typed  -            -              -
token list          typed  -            cluster        -
unalias             typed  -            -              -
unlock              typed  -            -              -
unmute              typed  answer       -              -
unsubscribe         typed  -            subscriptions  -
user                typed  -            -              -
whoami              typed  -            -              -
"""
"""Where a button for it stands that everybody sees, or one person alone, and what opens a form; `-`: nothing does.

The card of a build that nobody asked for has a Mute, that of a build that waits may have an Agents: such cards are
not drawn in this world. Whose arguments are not to be typed (a token) has no words. The Unblock of a card opens a
form: it is tried as one.
A form that `asks` is answered by a question to that person before anything is done.
"""


@dataclass(frozen=True)
class Table:
    """A word for each operation and each column."""

    rows: dict[str, dict[str, str]]

    def __getitem__(self, operation: str) -> dict[str, str]:
        return self.rows[operation]

    def column(self, name: str) -> dict[str, str]:
        """Return a column by operation, without its `-` cells."""
        return {operation: words[name] for operation, words in self.rows.items() if words[name] != "-"}


def table(text: str) -> Table:
    """Read a table; two spaces or more part its columns. Raises AssertionError for a row that is twice there."""
    head, *lines = [re.split(r" {2,}", line.strip()) for line in text.strip().splitlines()]
    names = [line[0] for line in lines]
    assert len(set(names)) == len(names), "An operation stands twice in the table."
    return Table({line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines})
