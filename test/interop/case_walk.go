package main

var walkCases = []testCase{
	{name: "walk finds files of every kind", steps: func(s *session) {
		for _, name := range kinds {
			s.walk(s.root, name)
		}
	}},
}

// kinds are one file of every kind.
var kinds = []string{"file", "empty", "setid", "secret", "huge", "hard1", "hard2", "dir", "empty-dir", "sticky", "locked",
	"link", "dir-link", "dangling", "loop", "absolute", "outside", "long-link", "fifo", "socket", "null", "zero", "block"}
