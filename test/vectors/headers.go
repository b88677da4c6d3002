package main

import (
	"math"
	_ "unsafe" // for go:linkname

	"gvisor.dev/gvisor/pkg/lisafs"
)

// The types of the two headers are private to lisafs, so their encoders are reached by link name. These structures must
// have the memory layout of the originals: pkg/lisafs/sock.go and channel.go.
type (
	sockHeader struct {
		payloadLen uint32
		message    lisafs.MID
		_          uint16
	}
	channelHeader struct {
		message lisafs.MID
		numFDs  uint8
		_       uint8
	}
)

const (
	sockHeaderBytes    = 8
	channelHeaderBytes = 4
)

//go:linkname marshalSockHeader gvisor.dev/gvisor/pkg/lisafs.(*sockHeader).MarshalBytes
func marshalSockHeader(h *sockHeader, dst []byte) []byte

//go:linkname marshalChannelHeader gvisor.dev/gvisor/pkg/lisafs.(*channelHeader).MarshalBytes
func marshalChannelHeader(h *channelHeader, dst []byte) []byte

func addHeaders(all *vectors) {
	for _, h := range []struct {
		label string
		value sockHeader
	}{
		{"zero", sockHeader{}},
		{"pRead", sockHeader{payloadLen: 24, message: lisafs.PRead}},
		{"maximum", sockHeader{payloadLen: math.MaxUint32, message: math.MaxUint16}},
	} {
		encoded := make([]byte, sockHeaderBytes)
		marshalSockHeader(&h.value, encoded)
		all.add("socketHeader", "", h.label, encoded, fields{"payloadBytes": h.value.payloadLen, "message": h.value.message})
	}
	for _, h := range []struct {
		label string
		value channelHeader
	}{
		{"zero", channelHeader{}},
		{"openAt with a descriptor", channelHeader{message: lisafs.OpenAt, numFDs: 1}},
		{"maximum", channelHeader{message: math.MaxUint16, numFDs: math.MaxUint8}},
	} {
		encoded := make([]byte, channelHeaderBytes)
		marshalChannelHeader(&h.value, encoded)
		all.add("channelHeader", "", h.label, encoded, fields{"message": h.value.message, "fdCount": h.value.numFDs})
	}
}
