package main

import (
	"regexp"
	"slices"
)

// difference is one way in which bun-gofer answers otherwise than the stock gofer. All but why are regular expressions
// that match as a whole.
type difference struct {
	cases string
	// key, stock and ours match a line's key and its text from each gofer.
	key, stock, ours string
	// why says what is wrong with the stock gofer's way, or what ours lacks.
	why string
}

// differences are those that count in this run; none when a gofer is compared with itself.
var differences = slices.Concat(intendedDifferences, notYet)

func (d *difference) concerns(caseName string) bool { return matches(d.cases, caseName) }

// allowedBy gives the index of the difference that allows two texts, or -1.
func allowedBy(caseName, key, stock, ours string) int {
	return slices.IndexFunc(differences, func(d difference) bool {
		return d.concerns(caseName) && matches(d.key, key) && matches(d.stock, stock) && matches(d.ours, ours)
	})
}

func matches(pattern, text string) bool {
	return regexp.MustCompile("(?s)^(?:" + pattern + ")$").MatchString(text)
}
