"""A log follower, whatever the log's format: complete lines, each once, through whatever is done to the files.

**What is followed.** A stream is a set of files that hold one log, one after the other: a file with what it is renamed
or copied to, or the daily files of a folder (``Watched``). Each file has a cursor of its own (``Place``); cursors are
JSON, hold hashes, numbers and the file's name but no text of the log, and are all that has to survive a restart.

**Which file is which.** A name says nothing (rename), and neither does an inode alone: a number is used again,
copytruncate keeps it and changes the content, Windows and network drives make them up. What identifies a file is what
was read of it, for a log only grows:

- its *head*: a hash of its first octets, at most 1024 and never more than were read, with their number;
- its *marks*: hashes of the 256 octets before places where a batch ended, the last of them where reading goes on.

A file *continues* a cursor when its head and the last mark are as they were: it is the same file, renamed, or a copy
that holds all that was read. Among several the longest is taken, then the one with the same inode. From that follows:

- rename rotation, several of them while nobody looked: the content leads to the new name, the rest is read;
- copytruncate: the original no longer continues its cursor, the copy does, and reading goes on in the copy; the
  original is a new file. A copy of a file that is still there is compared with it, and not read;
- truncation, deletion, re-creation: what continues no cursor is a new file and is read from its beginning. What was not
  read before and is in no copy is gone; where a file is seen to be cut that is counted (``Losses``);
- a file that was cut back in its middle goes on at the last mark that fits: some lines come again from the same places
  (which makes them known), none is lost;
- where the system allows it, the newest files are kept open between two looks: a deleted file is read to its end.

**A file's own name** (``Place.id``) is a hash of its first line, with a number where two files begin alike: it is the
same when a file is read again after a crash, or by another agent.

**Lines** end with the newline of the file's own encoding (one octet, or two in UTF-16). A partial last line stays until
it is complete; in a file that another has followed and that nobody has touched for a day it is handed out as
unfinished. A line longer than 64 KB is handed out without its text. Zeros before a line (left by a writer whose file
was truncated under its hands, or by a power cut) are passed over. Memory is bounded by the size of a chunk. After each
chunk the octets before it are read again: where a file was cut under our hands the chunk is thrown away.

All of it blocks: asynchronous code calls it in a thread.
"""

from pagemeter.tail.files import Watched
from pagemeter.tail.follower import Follower, Losses, Piece
from pagemeter.tail.lines import LONGEST_LINE, Line, newline_of, split
from pagemeter.tail.opened import Opened, open_shared
from pagemeter.tail.place import Mark, Place

__all__ = [
    "LONGEST_LINE",
    "Follower",
    "Line",
    "Losses",
    "Mark",
    "Opened",
    "Piece",
    "Place",
    "Watched",
    "newline_of",
    "open_shared",
    "split",
]
