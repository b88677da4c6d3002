package main

import (
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/marshal/primitive"
)

// The integer types of lisafs requests.

func u32[T ~int | ~uint32](value T) primitive.Uint32 { return primitive.Uint32(value) }

func u64(value uint64) primitive.Uint64 { return primitive.Uint64(value) }

func fileMode(mode uint16) linux.FileMode { return linux.FileMode(mode) }
