package main

import (
	"cmp"
	"fmt"
	"slices"
)

// comparison is what is wrong between two transcripts and how much is different but right.
type comparison struct {
	problems []string
	intended int
}

const nothing = "(nothing)"

// harnessKey is the key of what went wrong before a gofer could answer: never right, even when it is so on both.
const harnessKey = "harness"

// compare pairs the lines of both gofers by their keys. Every line must be equal or stand in the list of intended
// differences, and what the list says of this case must really differ.
func compare(caseName string, stock, ours []line) comparison {
	var result comparison
	used := map[int]bool{}
	stockTexts, ourTexts := byKey(stock), byKey(ours)
	for _, key := range allKeys(stock, ours) {
		theirs, mine := cmp.Or(stockTexts[key], nothing), cmp.Or(ourTexts[key], nothing)
		if theirs == mine && key != harnessKey {
			continue
		}
		if i := allowedBy(caseName, key, theirs, mine); i >= 0 {
			used[i] = true
			result.intended++
			continue
		}
		result.problems = append(result.problems, fmt.Sprintf("  %s\n    stock: %s\n    ours:  %s", key, theirs, mine))
	}
	for i, d := range differences {
		if d.concerns(caseName) && !used[i] {
			result.problems = append(result.problems,
				fmt.Sprintf("  the list of differences is wrong: not seen: %s", d.why))
		}
	}
	return result
}

// allKeys gives the keys in the order of the stock gofer's transcript, then what only ours has.
func allKeys(stock, ours []line) []string {
	var keys []string
	seen := map[string]bool{}
	for _, l := range slices.Concat(stock, ours) {
		if !seen[l.key] {
			seen[l.key] = true
			keys = append(keys, l.key)
		}
	}
	return keys
}

func byKey(lines []line) map[string]string {
	texts := make(map[string]string, len(lines))
	for _, l := range lines {
		texts[l.key] = l.text
	}
	return texts
}
