package main

import "regexp"

// difference is one way in which bun-gofer answers otherwise than the stock gofer, on purpose.
type difference struct {
	caseName string
	// wires are the communicators it shows on; all when nil.
	wires []wireKind
	// key, stock and ours match a line and its texts as a whole.
	key, stock, ours string
	// why says what is wrong with the stock gofer's way.
	why string
}

// intendedDifferences is where the stock gofer is wrong. Nothing else may differ.
var intendedDifferences = []difference{}

// notYet is what bun-gofer shall answer as the stock gofer does and does not yet. Empty it.
var notYet = []difference{}

var differences = append(intendedDifferences, notYet...)

func (d *difference) concerns(caseName string, kind wireKind) bool {
	return d.caseName == caseName && (d.wires == nil || contains(d.wires, kind))
}

func contains(kinds []wireKind, kind wireKind) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// intendedFor gives the index of the difference that allows these two texts, or -1.
func intendedFor(caseName string, kind wireKind, key, stock, ours string) int {
	for i, d := range differences {
		if d.concerns(caseName, kind) && whole(d.key, key) && whole(d.stock, stock) && whole(d.ours, ours) {
			return i
		}
	}
	return -1
}

func whole(pattern, text string) bool {
	return regexp.MustCompile("(?s)^(?:" + pattern + ")$").MatchString(text)
}
