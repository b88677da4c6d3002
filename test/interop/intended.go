package main

// intendedDifferences is where the stock gofer is wrong, or less than it could be. Nothing else may differ. Each is held
// against the cases it names in both directions: a line that differs must be here, and what is here must differ.
var intendedDifferences = []difference{
	{
		cases: "a bad name hides a bad descriptor, and the other way round",
		key:   `.* "a\\x00b"\)`, stock: "EBADF|ENOTDIR|EPERM", ours: "EINVAL",
		why: "a NUL in a name is refused in one central place, before the descriptor is looked at",
	},
	{
		cases: "bad names in RenameAt, both names",
		key:   `.*\\x00.*`, stock: "ok", ours: "EINVAL",
		why: "the stock gofer sees the NUL only when it makes a system call, and this rename makes none",
	},
	{
		cases: "bad names in BindAt",
		key:   `.*\\x00.*`, stock: "EPERM", ours: "EINVAL",
		why: "a NUL in a name is refused before the flag that forbids sockets is looked at",
	},
	{
		cases: `PRead of nearly 2\^32 bytes`,
		key:   `\d+ PRead.*`, stock: "EREMOTEIO", ours: "ENOBUFS",
		why: "the stock gofer's sum of count and header wraps around, and its handler crashes",
	},
	{
		cases: "an extended attribute of 65536 bytes",
		key:   `\d+ FGetXattr.* size=(0|65536|65537)\)`, stock: `ok ""`, ours: "E2BIG",
		why: "the reply counts in 16 bits: the stock gofer answers an empty value as if that were all",
	},
	{
		cases: "Getdents64 of more than an answer holds",
		key:   `\d+ Getdents64.* count=2147483647\)`, stock: "EIO|EREMOTEIO", ours: `ok \[\d{4}, .*`,
		why: "the stock gofer reads the whole directory, loses it, and fails; ours answers what fits",
	},
	{
		cases: "opening a FIFO without a peer",
		key:   `\d+ OpenAt.*|every request was answered|the process`,
		stock: "connection lost|no|signal: killed",
		ours:  `ok .* \+ fifo\(.* RDONLY\|NONBLOCK .*|\(nothing\)|exit status 0`,
		why:   "the stock gofer's handler waits for a peer, and nothing can end that",
	},
	{
		cases: "creating with one, two and three descriptors left",
		key:   `\d+ OpenCreateAt.*`, stock: `ok \S+\{[^+]*\} \S+`, ours: `ok \S+\{[^+]*\} \S+ \+ file\(.*`,
		why: "ours donates without a copy, so that the last descriptor is enough",
	},
	{
		cases: "opening with one descriptor left",
		key:   `\d+ OpenAt.*`, stock: `ok \S+`, ours: `ok \S+ \+ file\(.*`,
		why: "ours donates without a copy, so that the last descriptor is enough",
	},
	{
		cases: "Mount and Channel when the gofer has no descriptor left",
		key:   `7 Channel\(\)`, stock: "ok offset=2097152 .*", ours: "ok offset=0 .*",
		why: "in the stock gofer a Channel that fails uses up a window",
	},
	{
		cases: "descriptors left open by LinkAt(| of what is there)",
		key:   `\d+ descriptors that stayed open for each`, stock: "1", ours: "0",
		why: "the stock gofer never closes the directory that it links from",
	},
	{
		cases: "descriptors that sockets leave behind",
		key:   `\d+ descriptors that stayed open for each`, stock: "2", ours: "0",
		why: "the stock gofer leaks a descriptor at each BindAt, and Listen and Accept leak references",
	},
	{
		cases: "the control descriptor of a bound socket",
		key:   `\d+ (FStat|SetStat|WalkStat|Walk).*`, stock: "ok .*", ours: "ok .*",
		why: "the stock gofer takes the socket itself for its file: other attributes, and changes that never reach the file",
	},
	{
		cases: "the control descriptor of a bound socket",
		key:   `host "bound"`, stock: ".* owner=3:4 .*", ours: ".* owner=1:2 .*",
		why: "so a change of the owner is lost",
	},
	{
		cases: "Listen and Accept",
		key:   `\d+ FStat.*`, stock: "EREMOTEIO", ours: "EINVAL",
		why: "the stock gofer's handler crashes on a bound socket",
	},
	{
		cases: "a header that claims 42949672(88|95) bytes",
		key:   `.*answer within a second|.*FStat.*|the process`,
		stock: "hung up|connection lost|exit status 2", ours: "EIO|none|hung up|ok .*|exit status 0",
		why: "the stock gofer adds the header's size, wraps around and dies",
	},
	{
		cases: "FAllocate to .*",
		key:   `\d+ F.*|the process|host "huge"`,
		stock: `connection lost|signal: bad system call|dev.*`, ours: "ok|ok .*|EINVAL|ENOTSUP|exit status 0|dev.*",
		why: "the stock gofer's own system call filter allows no mode but 0",
	},
	{
		cases: "SetStat on an open descriptor, in a user namespace and on what was replaced",
		key:   `\d+ FStat\(fd5\)`, stock: `.* mode=0140755 .*`, ours: `.* mode=0140700 .*`,
		why: "the stock gofer finds a socket by its path, and changes the mode of whatever has taken its place",
	},
	{
		cases: "SetStat on an open descriptor, in a user namespace and on what was replaced",
		key:   `host "file"`, stock: `.* mode=0100700 .*`, ours: `.* mode=0100644 .*`,
		why: "so what has taken its place is changed",
	},
	{
		cases: "Connect where nobody listens",
		key:   `\d+ Connect\(fd46 .*`, stock: "ENOENT", ours: "ECONNREFUSED",
		why: "ours connects to the very socket, not to what its path leads to by now",
	},
	{
		cases: "BindAt (of every type|where something is, and of long paths|with every mode and owner)|the control descriptor of a bound socket",
		key:   `\d+ BindAt.*`, stock: `ok .* name="/mnt/.*`, ours: `ok .* name="[^/"].*`,
		why: "ours binds from the directory itself, which no link leads to: the socket's own name is relative",
	},
	{
		cases: "Listen and Accept",
		key:   `\d+ (BindAt|Connect|Accept).*`, stock: `ok .*"/mnt/bound".*`, ours: `ok .*"bound".*`,
		why: "so whoever asks the socket for its name, or a peer's, sees a relative one",
	},
	{
		cases: "every request when the gofer has no descriptor left",
		key:   `\d+ F(Get|Set|List|Remove)Xattr.*`, stock: "E[A-Z]+|ok .*", ours: "EMFILE",
		why: "ours goes through a descriptor of the directory, so that no link bends the path",
	},
}

// notYet is what bun-gofer shall answer as the stock gofer does and does not yet. Keep it empty.
var notYet []difference
