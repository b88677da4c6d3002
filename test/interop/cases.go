package main

// topics are all cases, by what they are about.
var topics = []topic{
	{"walk", walkCases},
}
