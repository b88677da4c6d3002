// Package environment decides what the gofer gets of runsc's environment.
package environment

import "strings"

// Passed is how the entries begin that the gofer gets. It is the same list as
// that of the entry stub (src/elf/gofer-environment.ts).
var Passed = []string{"BUN_GOFER_", "TZ="}

// Filter gives the entries that the gofer gets: those that begin right, are
// variables, and are the first of their name.
func Filter(entries []string) []string {
	var kept []string
	seen := make(map[string]bool)
	for _, entry := range entries {
		name, _, isVariable := strings.Cut(entry, "=")
		if isVariable && beginsRight(entry) && !seen[name] {
			seen[name] = true
			kept = append(kept, entry)
		}
	}
	return kept
}

func beginsRight(entry string) bool {
	for _, beginning := range Passed {
		if strings.HasPrefix(entry, beginning) {
			return true
		}
	}
	return false
}
