package main

// topics are all cases, by what they are about.
var topics = []topic{
	{"walk", walkCases},
	{"names", nameCases},
	{"descriptors", descriptorCases},
	{"frames", frameCases},
	{"content", contentCases},
	{"attributes", attributeCases},
	{"xattrs", xattrCases},
	{"entries", entryCases},
	{"renames", renameCases},
	{"directories", directoryCases},
	{"deleted", deletedCases},
	{"sessions", sessionCases},
	{"read-only", readonlyCases},
	{"policies", policyCases},
	{"sockets", socketCases},
	{"id-mapped mounts", idMapCases},
	{"limits", limitCases},
	{"hostile", hostileCases},
}
